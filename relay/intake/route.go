package intake

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// route is one known path. A segment "*" stands for the key and may be any text.
type route struct {
	path string
	end  endpoint
}

// endpoint is what stands at a path.
type endpoint struct {
	name    string // in metrics; several spellings of a path share one
	methods method
	dialect dialect
	success int    // the status of an answer when all is well; 0 is 200
	busy    int    // the status that says "try again later" in this dialect
	call    call   // Segment: what a message is that does not say it
	image   bool   // the sender takes images for answers, see refusePixel
	onward  bool   // the app's upstream gets what came here, see addRequest
	guides  bool   // the upstream's answers hold guides
	reply   string // of endpoints that always answer the same

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
)

func (m method) allow() string {
	var names []string
	if m&get != 0 {
		names = append(names, "GET", "HEAD")
	}
	if m&post != 0 {
		names = append(names, "POST")
	}
	return strings.Join(append(names, "OPTIONS"), ", ")
}

// node is a place in the tree of paths, read from their ends: what stands before a known path is where the relay is
// mounted, and may be anything.
type node struct {
	next map[string]*node
	key  *node
	end  *endpoint // nil: no path starts here
}

// The tree of all dialects' paths, and their endpoints. They are never changed.
var paths, endpoints = plant(slices.Concat(trackRoutes, segmentRoutes, pendoRoutes, userpilotRoutes, incomingRoutes,
	administrationRoutes))

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
			child = n.key
		}
		if child == nil {
			child = &node{next: map[string]*node{}}
			if segment == "*" {
				n.key = child
			} else {
				n.next[segment] = child
			}
		}
		n = child
	}
	return n
}

// match is what a path led to.
type match struct {
	end    *endpoint // nil: nothing of ours
	key    []byte    // the segment at "*"
	prefix []byte    // the path in front of the known one, without the slash between
}

// find finds the longest known path that path ends in. Repeated slashes and those at the end count for nothing.
func (n *node) find(path, key []byte) match {
	path = bytes.TrimRight(path, "/")
	slash := bytes.LastIndexByte(path, '/')
	if segment := path[slash+1:]; slash >= 0 && len(segment) > 0 {
		if child := n.next[string(segment)]; child != nil {
			if m := child.find(path[:slash], key); m.end != nil {
				return m
			}
		}
		if n.key != nil {
			if m := n.key.find(path[:slash], segment); m.end != nil {
				return m
			}
		}
	}
	return match{n.end, key, path}
}

// appendPath appends the path of a request's target, escapes undone. A target is "/path?query", or a whole URL when a
// proxy is asked.
func appendPath(dst, target []byte) []byte {
	target = pathAndQuery(target)
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	for {
		i := bytes.IndexByte(target, '%')
		if i < 0 {
			return append(dst, target...)
		}
		dst = append(dst, target[:i]...)
		c, n := unescape(target[i:])
		dst = append(dst, c)
		target = target[i+n:]
	}
}

// pathAndQuery is what stands behind the host in a request's target, and before a fragment.
func pathAndQuery(target []byte) []byte {
	if len(target) > 0 && target[0] != '/' {
		if i := bytes.Index(target, []byte("://")); i >= 0 {
			target = target[i+len("://"):]
		}
		target = target[max(bytes.IndexByte(target, '/'), 0):]
	}
	if i := bytes.IndexByte(target, '#'); i >= 0 {
		target = target[:i]
	}
	return target
}

// unescape is the character that text begins with, and how many bytes it takes there. A percent sign that begins no
// escape stands for itself.
func unescape(text []byte) (c byte, n int) {
	if text[0] == '%' && len(text) >= 3 {
		if c, err := strconv.ParseUint(string(text[1:3]), 16, 8); err == nil {
			return byte(c), 3
		}
	}
	return text[0], 1
}
