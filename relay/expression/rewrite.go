package expression

import (
	"fmt"
	"regexp/syntax"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
)

// rewriter goes over a syntax tree, from the leaves up, before it is compiled. It refuses what we do not offer, turns
// properties.user.email into one name whose value can be looked up without decoding the rest, and puts our operators in
// the place of those that would fail on nil or cost more than a step.
type rewriter struct {
	config   *conf.Config // of the compilation under way
	sources  map[string]*source
	public   map[string]bool
	builtins map[string]bool
	bare     map[*ast.IdentifierNode]bool // names of functions that are not called, so far
	fault    *file.Error                  // the first
}

func newRewriter() *rewriter {
	w := &rewriter{
		sources:  rootSources(),
		public:   make(map[string]bool),
		builtins: make(map[string]bool),
		bare:     make(map[*ast.IdentifierNode]bool),
	}
	for _, f := range publicFunctions() {
		w.public[f.name] = true
	}
	for _, name := range loops() {
		w.builtins[name] = true
	}
	return w
}

// finish is the first fault that was found in text, if any.
func (w *rewriter) finish(text string) *Fault {
	for node := range w.bare {
		w.refuse(node, "%s is a function, call it: %s(…)", node.Value, node.Value)
	}
	if w.fault == nil {
		return nil
	}
	return explain(w.fault.Bind(file.NewSource(text)))
}

func (w *rewriter) refuse(at ast.Node, format string, args ...any) {
	if w.fault == nil {
		w.fault = &file.Error{Location: at.Location(), Message: fmt.Sprintf(format, args...)}
	}
}

// needs are the sources that the finished tree reads, each once.
func (w *rewriter) needs(tree ast.Node) []*source {
	var all []*source
	ast.Walk(&tree, visit(func(node *ast.Node) {
		if name, ok := (*node).(*ast.IdentifierNode); ok {
			if s := w.sources[name.Value]; s != nil && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}))
	return all
}

type visit func(*ast.Node)

func (f visit) Visit(node *ast.Node) { f(node) }

// Reset and ShouldRepeat make expr-lang take w last, right before the check that counts. A check between would set the
// types of our calls, and then the last one would not look at their arguments again.
func (w *rewriter) Reset() {}

// ShouldRepeat says that one walk is enough.
func (w *rewriter) ShouldRepeat() bool { return false }

// Visit is called by expr-lang with each node, children first.
func (w *rewriter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		w.identifier(n)
	case *ast.MemberNode:
		w.member(node, n)
	case *ast.ChainNode:
		*node = n.Node // what "?." would do, each "." does
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			w.truth(&n.Node)
		}
	case *ast.BinaryNode:
		w.binary(node, n)
	case *ast.ConditionalNode:
		w.truth(&n.Cond)
	case *ast.CallNode:
		w.call(node, n)
	case *ast.BuiltinNode:
		w.loop(n)
	case *ast.SliceNode:
		w.refuse(n, "parts of lists and texts are not offered; see truncate(), first() and last()")
	case *ast.BytesNode:
		w.refuse(n, "bytes are not offered")
	}
}

func (w *rewriter) identifier(n *ast.IdentifierNode) {
	if n.Value == "$env" {
		w.refuse(n, "$env is not offered")
	}
	if w.public[n.Value] {
		w.bare[n] = true
	}
}

// operate puts a call of one of our operators in node's place.
func (w *rewriter) operate(node *ast.Node, operator string, args ...ast.Node) {
	at := (*node).Location()
	callee, m := &ast.IdentifierNode{Value: operator}, &ast.IdentifierNode{Value: meterName}
	call := &ast.CallNode{Callee: callee, Arguments: append([]ast.Node{m}, args...)}
	callee.SetLocation(at)
	m.SetLocation(at)
	ast.Patch(node, call)
}

func (w *rewriter) member(node *ast.Node, n *ast.MemberNode) {
	name, isText := n.Property.(*ast.StringNode)
	if base, ok := n.Node.(*ast.IdentifierNode); ok && isText && w.sources[base.Value] != nil {
		s, err := w.sources[base.Value].member(name.Value)
		if err != nil {
			w.refuse(n, "%v", err)
			return
		}
		w.sources[s.key] = s
		w.config.Env.Fields[s.key] = nature.Nature{} // any type
		ast.Patch(node, &ast.IdentifierNode{Value: s.key})
		return
	}
	w.operate(node, opMember, n.Node, n.Property)
}

func (w *rewriter) call(node *ast.Node, n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		w.refuse(n, "only functions can be called; %s", listed)
		return
	}
	delete(w.bare, callee)
	if w.public[callee.Value] {
		w.operate(node, callee.Value, n.Arguments...)
		return
	}
	if w.sources[callee.Value] != nil {
		w.refuse(n, "%s is no function; %s", callee.Value, listed)
	}
}

func (w *rewriter) binary(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "and", "&&", "or", "||":
		w.truth(&n.Left)
		w.truth(&n.Right)
	case "==", "!=":
		w.equality(node, n)
	case "<", ">", "<=", ">=":
		w.order(node, n)
	case "in":
		w.operate(node, opIn, n.Left, constantSet(n.Right))
	case "contains":
		w.operate(node, opContains, n.Left, n.Right)
	case "startsWith":
		w.operate(node, opStarts, n.Left, n.Right)
	case "endsWith":
		w.operate(node, opEnds, n.Left, n.Right)
	case "matches":
		w.matches(n)
	case "+":
		if !numeric(n.Left) || !numeric(n.Right) {
			w.operate(node, opAdd, n.Left, n.Right)
		}
	case "..":
		w.refuse(n, "ranges are not offered; compare with >= and <=")
	}
}

// equality leaves the machine's own operator where one side is a constant of one step.
func (w *rewriter) equality(node *ast.Node, n *ast.BinaryNode) {
	if _, ok := constant(n.Left); ok {
		return
	}
	if _, ok := constant(n.Right); ok {
		return
	}
	not := n.Operator == "!="
	w.operate(node, opEqual, n.Left, n.Right)
	if not {
		ast.Patch(node, &ast.UnaryNode{Operator: "!", Node: *node})
	}
}

func (w *rewriter) order(node *ast.Node, n *ast.BinaryNode) {
	if numeric(n.Left) && numeric(n.Right) {
		return
	}
	switch n.Operator {
	case "<":
		w.operate(node, opLess, n.Left, n.Right)
	case ">":
		w.operate(node, opMore, n.Left, n.Right)
	case "<=":
		w.operate(node, opAtMost, n.Left, n.Right)
	case ">=":
		w.operate(node, opAtLeast, n.Left, n.Right)
	}
}

// matches takes only constant expressions, so that each is compiled once and its worst case is known.
func (w *rewriter) matches(n *ast.BinaryNode) {
	text, ok := n.Right.(*ast.StringNode)
	if !ok {
		w.refuse(n, "the regular expression must be a text that stands here")
		return
	}
	parsed, err := syntax.Parse(text.Value, syntax.Perl)
	if err != nil {
		w.refuse(n, "%v", err)
		return
	}
	compiled, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(compiled.Inst) > patternMax {
		w.refuse(n, "the regular expression is too large")
		return
	}
	size := &ast.IntegerNode{Value: len(compiled.Inst)}
	size.SetLocation(n.Location())
	w.operate(&n.Left, opPattern, n.Left, size)
}

// loop checks and meters a function over a list: its body is paid for at each turn.
func (w *rewriter) loop(n *ast.BuiltinNode) {
	if !w.builtins[n.Name] {
		w.refuse(n, "%s() is not offered; %s", n.Name, listed)
		return
	}
	if len(n.Arguments) == 0 {
		return // the checker complains
	}
	w.operate(&n.Arguments[0], opList, n.Arguments[0])
	for _, arg := range n.Arguments[1:] {
		body, ok := arg.(*ast.PredicateNode)
		if !ok {
			continue
		}
		cost := &ast.IntegerNode{Value: size(body.Node)}
		step := ast.Node(&ast.NilNode{})
		step.SetLocation(body.Location())
		w.operate(&step, opStep, cost)
		if n.Name != "map" && n.Name != "sum" && n.Name != "reduce" {
			w.truth(&body.Node)
		}
		sequence := &ast.SequenceNode{Nodes: []ast.Node{step, body.Node}}
		ast.Patch(&body.Node, sequence)
	}
}

// size is how many nodes there are in tree.
func size(tree ast.Node) int {
	n := 0
	ast.Walk(&tree, visit(func(*ast.Node) { n++ }))
	return n
}

// truth makes nil false where node has to be true or false. On anything else the machine fails.
func (w *rewriter) truth(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BoolNode:
		return
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||", "==", "!=", "<", ">", "<=", ">=", "matches":
			return
		}
	case *ast.BuiltinNode:
		switch n.Name {
		case "all", "any", "none", "one":
			return
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && w.isBoolean(callee.Value) {
			return
		}
	}
	nothing := &ast.BoolNode{}
	nothing.SetLocation((*node).Location())
	ast.Patch(node, &ast.BinaryNode{Operator: "??", Left: *node, Right: nothing})
}

func (w *rewriter) isBoolean(name string) bool {
	return slices.ContainsFunc(operators(), func(f function) bool { return f.name == name && f.gives == boolean })
}
