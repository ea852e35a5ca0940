package intake

import (
	"bytes"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/people"
)

// route is one known path. A segment "*" may be any text: a key, as a rule, or the ID of somebody.
type route struct {
	path string
	end  endpoint
}

// endpoint is what stands at a path.
type endpoint struct {
	name    string // in metrics; several spellings of a path share one
	methods method
	dialect dialect
	success int         // the status of an answer when all is well; 0 is 200
	busy    int         // the status that says "try again later" in this dialect
	call    call        // Segment: what a message is that does not say it
	about   people.Kind // metadata API: whose
	image   bool        // the sender takes images for answers, see refusePixel
	onward  bool        // the app's upstream gets what came here, see addRequest
	guides  bool        // the upstream's answers hold guides
	reply   string      // of endpoints that always answer the same

	serve func(r *request) error // answers, or returns why not: a *refusal, or an error of the log or the people

	allow  string // the header Allow
	number int    // its place in endpoints
}

// label is the endpoint's name in metrics and in the log; e may be nil.
func (e *endpoint) label() string {
	if e == nil {
		return "none"
	}
	return e.name
}

// method is a set of HTTP methods.
type method uint8

const (
	get method = 1 << iota
	post
	put
	patch
)

// methodOf is a method by its name, 0 for one that no endpoint takes.
func methodOf(name []byte) method {
	switch string(name) {
	case fasthttp.MethodGet, fasthttp.MethodHead:
		return get
	case fasthttp.MethodPost:
		return post
	case fasthttp.MethodPut:
		return put
	case fasthttp.MethodPatch:
		return patch
	}
	return 0
}

func (m method) allow() string {
	var names []string
	if m&get != 0 {
		names = append(names, "GET", "HEAD")
	}
	if m&post != 0 {
		names = append(names, "POST")
	}
	if m&put != 0 {
		names = append(names, "PUT")
	}
	if m&patch != 0 {
		names = append(names, "PATCH")
	}
	return strings.Join(append(names, "OPTIONS"), ", ")
}

// node is a place in the tree of paths, read from their ends: what stands before a known path is where the relay is
// mounted, and may be anything.
type node struct {
	next map[string]*node
	any  *node     // behind a segment "*"
	end  *endpoint // nil: no path starts here
}

// The tree of all dialects' paths, and their endpoints. They are never changed.
var paths, endpoints = plant(slices.Concat(trackRoutes, segmentRoutes, pendoRoutes, userpilotRoutes, incomingRoutes,
	administrationRoutes, metadataRoutes))

func plant(routes []route) (*node, []*endpoint) {
	root := &node{next: map[string]*node{}}
	var ends []*endpoint
	for i := range routes {
		e := &routes[i].end
		e.allow, e.number = e.methods.allow(), len(ends)
		if e.success == 0 {
			e.success = fasthttp.StatusOK
		}
		root.grow(routes[i].path).end = e
		ends = append(ends, e)
	}
	return root, ends
}

func (n *node) grow(path string) *node {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for _, segment := range slices.Backward(segments) {
		child := n.next[segment]
		if segment == "*" {
			child = n.any
		}
		if child == nil {
			child = &node{next: map[string]*node{}}
			if segment == "*" {
				n.any = child
			} else {
				n.next[segment] = child
			}
		}
		n = child
	}
	return n
}

// variables are the segments that stood at "*", in the order of the path.
type variables [3][]byte

// match is what a path led to.
type match struct {
	end    *endpoint // nil: nothing of ours
	vars   variables // slices of the path, with the escapes that it has left
	prefix []byte    // the path in front of the known one, without the slash between
}

// find finds the longest known path that path ends in. Repeated slashes and those at the end count for nothing.
func (n *node) find(path []byte) match { return n.search(path, variables{}) }

func (n *node) search(path []byte, vars variables) match {
	path = bytes.TrimRight(path, "/")
	found := match{n.end, vars, path}
	slash := bytes.LastIndexByte(path, '/')
	segment := path[slash+1:]
	if slash < 0 || len(segment) == 0 {
		return found
	}
	if n.any != nil {
		found = found.orLonger(n.any.search(path[:slash], variables{segment, vars[0], vars[1]}))
	}
	if child := n.next[string(segment)]; child != nil {
		found = found.orLonger(child.search(path[:slash], vars))
	}
	return found
}

// orLonger is the better of two matches: one that found something, by as much of the path as there is. An ID and the name
// of a field may look like a short path of their own.
func (m match) orLonger(other match) match {
	if other.end != nil && (m.end == nil || len(other.prefix) <= len(m.prefix)) {
		return other
	}
	return m
}
