// Package expression evaluates what operators write about events: the filters of webhooks, and the places in the
// templates of custom ones. It is a thin layer over expr-lang: its grammar, checker and machine, with our names, our
// functions and hard limits.
//
// It knows events and stable JSON. It knows no webhook, no HTTP and no configuration. A Filter and a Template are
// immutable and safe for concurrent use; an Env belongs to one goroutine at a time and carries all scratch.
//
// # Names
//
//	event, dotted         the event's name: "pageLoaded", "page.viewed"
//	app                   the app's configured name
//	visitor, account      IDs
//	uniqueId              40 hex digits
//	timestamp, time       whole Unix seconds; "2021-07-20T18:17:55.000Z"
//	url, ip, userAgent    of the request or page
//	name, source          a track event's own name; "web" or "server"
//	ids                   list of the catalog items that the webhook selected (in a filter: of all)
//	properties            what came with the event: properties.plan, properties["a b"], properties.user.email
//	guide                 id, name, step, language, properties, nps, poll; nil for events without a guide
//
// # Missing values
//
// A filter must not fail because an event lacks something, so that is nil everywhere, at any depth: a missing member, a
// member of nil, an index behind the end. nil equals only nil. Compared by <, <=, >, >= it is false, and so is what it
// contains, matches or is in. Where true or false is asked for, nil is false. Functions make nil of nil, but len(nil) is
// 0, text(nil) is "" and json(nil) is "null". properties alone is never nil. A value of the wrong type, "7" > 3 or
// nil + 1, is an error.
//
// # Functions
//
//	all any none one count filter map find findIndex sum reduce    over lists, as in expr-lang
//	len first last split join                     lists and texts
//	lower upper trim replace truncate             texts
//	abs ceil floor round int float min max        numbers
//	text json iso sha256                          the printed text; JSON; ISO time of Unix seconds; lower-case hex digest
//
// No function reads a clock, a file or chance: the same event gives the same result on every attempt.
//
// # Templates
//
// A Template is a text with {{ expressions }} in it: {"text":"{{ visitor }} did {{ event }}","plan":{{ properties.plan }}}.
// See TemplateKind for what becomes of their values. A name alone is copied from the event as it stands there; what is
// calculated prints its members in the order of their keys, and numbers beyond ±2^63 as the nearest float64.
//
// # Limits
//
// An expression's text, its nodes, the size of regular expressions and the memory it takes are limited. Time is limited
// by steps that are counted and not by a clock, so that a result never depends on the machine's load: each turn of a loop
// costs the nodes of its body, and what has to look at a whole text or list costs its size. Finding a value in an event and
// decoding it costs the first who asks for it.
//
// All filters and templates of one event, from Begin to Begin, also share an allowance: a thousand webhooks whose filters
// take all that one filter may would else hold up the event for a minute. Each has a few thousand steps for itself, which is
// more than most take, so that costly filters leave the cheap ones alone.
package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"edgerelay/relay/spell"
)

// Limits of every expression.
const (
	TextMax    = 4 << 10   // bytes of an expression's text
	nodesMax   = 1000      // of its syntax tree
	patternMax = 1000      // instructions of one regular expression
	stepsMax   = 1_000_000 // of one evaluation: some tens of milliseconds at worst
	stepsSure  = 4_000     // of one evaluation, whatever others took for the same event
	stepsEvent = 2_000_000 // of all evaluations for one event, beyond those
	memoryMax  = 50_000    // elements of the lists that one evaluation makes
	nestingMax = 1024      // of lists and maps in each other: what an event may hold, and as much again
	resultMax  = 64 << 10  // bytes of a text that an expression makes
)

// ErrCost says that an evaluation was stopped because it took too many steps. It is the event's size that brings a sound
// expression there, most likely loops within loops; the same event stops again on the next attempt.
var ErrCost = errors.New("the expression takes too many steps on this event")

// Fault says where an expression, or a template, is wrong, or what went wrong there with one event.
type Fault struct {
	Line, Column int    // from 1, columns in characters
	Msg          string // one line
	cause        error
}

// Error is one line, with the place first: "1:8: unknown name plan".
func (f *Fault) Error() string {
	return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Msg)
}

// Unwrap is the cause, for errors.Is(err, ErrCost).
func (f *Fault) Unwrap() error { return f.cause }

// program is one compiled expression. It is immutable.
type program struct {
	code  *vm.Program
	needs []*source // the names it reads
	path  *source   // when it is nothing but one name: its value can be copied
}

// compile checks text. What it gives must be true or false when boolean is set. The error is a *Fault.
func compile(text string, boolean bool) (*program, error) {
	if len(text) > TextMax {
		return nil, &Fault{1, 1, fmt.Sprintf("the expression is longer than %d bytes", TextMax), nil}
	}
	if strings.TrimSpace(text) == "" {
		return nil, &Fault{1, 1, "the expression is empty", nil}
	}
	w := newRewriter()
	options := []expr.Option{
		expr.Env(names()), expr.MaxNodes(nodesMax), expr.DisableAllBuiltins(), expr.Optimize(false),
		w.option(), expr.Patch(w),
	}
	for name := range w.builtins {
		options = append(options, expr.EnableBuiltin(name))
	}
	for _, f := range functions() {
		options = append(options, f.option())
	}
	if boolean {
		options = append(options, expr.AsBool())
	}
	code, err := expr.Compile(text, options...)
	if fault := w.finish(text); fault != nil {
		return nil, fault
	}
	if err != nil {
		return nil, explain(err)
	}
	p := &program{code: code, needs: w.needs(code.Node())}
	if node, ok := code.Node().(*ast.IdentifierNode); ok {
		p.path = w.sources[node.Value]
	}
	return p, nil
}

// option lets w add the names that it makes up to those the checker knows.
func (w *rewriter) option() expr.Option {
	return func(c *conf.Config) { w.config = c }
}

// unknownName is how expr-lang begins to tell of one.
const unknownName = "unknown name "

// explain turns expr-lang's error into a fault of one line.
func explain(err error) *Fault {
	f := &Fault{Line: 1, Column: 1, Msg: err.Error()}
	var at *file.Error
	if errors.As(err, &at) {
		f.Line, f.Column, f.Msg = max(at.Line, 1), at.Column+1, at.Message
	}
	f.Msg, _, _ = strings.Cut(f.Msg, "\n")
	switch {
	case strings.HasPrefix(f.Msg, unknownName):
		f.Msg += hint(f.Msg[len(unknownName):])
	case strings.HasSuffix(f.Msg, ", not bool"), strings.HasPrefix(f.Msg, "invalid operation: bool("):
		f.Msg = "neither true nor false nor nil, where one of these is asked for"
	case strings.HasPrefix(f.Msg, "expected bool, "):
		f.Msg += `; write a condition, such as event == "pageLoaded"`
	case f.Msg == `unexpected token Operator("=")`:
		f.Msg = `one "=" compares nothing; write "=="`
	case f.Msg == "unexpected token EOF":
		f.Msg = "ends too early; something must follow"
	}
	f.cause = err
	return f
}

// listed says where all names are.
const listed = `README lists all names under "Choosing events"`

// hint says what an unknown name may have been meant for, and where all names are listed.
func hint(name string) string {
	if near := spell.Near(name, slices.Concat(rootNames(), functionNames()), 3); len(near) > 0 {
		return "; did you mean " + strings.Join(near, " or ") + "? " + listed
	}
	return "; a text stands in quotes, a property is written properties." + name + "; " + listed
}
