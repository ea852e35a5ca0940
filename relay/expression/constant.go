package expression

import "github.com/expr-lang/expr/ast"

// numeric says that node is a number already for the checker. Names whose type is open are not.
func numeric(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	case *ast.IdentifierNode:
		return n.Value == "timestamp"
	}
	return false
}

// constant is the value of a node that is one text, number, bool or nil.
func constant(node ast.Node) (any, bool) {
	switch n := node.(type) {
	case *ast.NilNode:
		return nil, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.StringNode:
		return n.Value, true
	case *ast.UnaryNode:
		switch x := n.Node.(type) {
		case *ast.IntegerNode:
			return -x.Value, n.Operator == "-"
		case *ast.FloatNode:
			return -x.Value, n.Operator == "-"
		}
	}
	return nil, false
}

// constantSet is node, or a set made of it when it is a list of constants.
func constantSet(node ast.Node) ast.Node {
	list, ok := node.(*ast.ArrayNode)
	if !ok {
		return node
	}
	set := make(constants, len(list.Nodes))
	for _, element := range list.Nodes {
		value, ok := constant(element)
		if !ok {
			return node
		}
		set[normal(value)] = struct{}{}
	}
	all := &ast.ConstantNode{Value: set}
	all.SetLocation(list.Location())
	return all
}
