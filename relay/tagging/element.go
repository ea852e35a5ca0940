package tagging

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// Bounds of an element that is tried. Of deeper ones than the catalog looks at, nothing is read.
const (
	elementMax = 64 << 10 // bytes
	depthMax   = 512
	textMaxOf  = 128 // characters of text that the agent captures
)

// readElement reads an element chain in any form in which people have one: as the agent tells of it, a JSON object; as HTML,
// of which the innermost element is meant; or as a path like a selector. It returns what the agent would send, stable JSON.
func readElement(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if len(text) > elementMax {
		return nil, fmt.Errorf("has %d bytes; it may have %d", len(text), elementMax)
	}
	switch text[0] {
	case '{':
		var stable event.Stable
		return stable.Append(nil, []byte(text))
	case '<':
		path := readHTML(text)
		if path == nil {
			return nil, errors.New("there is no element in this HTML")
		}
		return catalog.AppendTarget(nil, path), nil
	}
	path, err := catalog.ParsePath(text)
	if err != nil {
		return nil, err
	}
	return catalog.AppendTarget(nil, path), nil
}

// void are the elements that hold nothing, and have no end tag.
var void = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// tree walks through HTML and keeps the path to its innermost element, the first of several.
type tree struct {
	open     []catalog.Element
	children []int // elements in each of the open ones so far; in front, those beside the first
	best     []catalog.Element
}

// readHTML finds the innermost element of a piece of HTML, with what it stands in. The piece is taken by its tags: it need
// not be what may stand in a page's body. It is nil when there is no element.
func readHTML(text string) []catalog.Element {
	t := tree{children: []int{0}}
	for z := html.NewTokenizer(strings.NewReader(text)); z.Next() != html.ErrorToken; {
		switch token := z.Token(); token.Type {
		case html.StartTagToken, html.SelfClosingTagToken:
			t.enter(&token)
		case html.EndTagToken:
			t.leave(token.Data)
		case html.TextToken:
			t.write(token.Data)
		}
	}
	for len(t.open) > 0 {
		t.close()
	}
	return t.best
}

func (t *tree) enter(token *html.Token) {
	if len(t.open) >= depthMax {
		return
	}
	t.children[len(t.open)]++
	e := catalog.Element{Tag: token.Data, Place: t.children[len(t.open)]}
	for _, a := range token.Attr {
		switch a.Key {
		case "id":
			e.ID = a.Val
		case "class":
			e.Class = a.Val
		default:
			e.Attributes = append(e.Attributes, [2]string{a.Key, a.Val})
		}
	}
	if len(t.open) == 0 {
		e.Place = 0 // what stands beside it is not known
	} else {
		t.open[len(t.open)-1].Text = "" // the agent captures that of elements without children
	}
	t.open, t.children = append(t.open, e), append(t.children, 0)
	if token.Type == html.SelfClosingTagToken || slices.Contains(void, token.Data) {
		t.close()
	}
}

// leave closes the element of an end tag, with those in it that have none.
func (t *tree) leave(tag string) {
	for i := len(t.open) - 1; i >= 0; i-- {
		if t.open[i].Tag != tag {
			continue
		}
		for len(t.open) > i {
			t.close()
		}
		return
	}
}

// close ends the element that was opened last.
func (t *tree) close() {
	if len(t.open) > len(t.best) {
		t.best = slices.Clone(t.open)
	}
	t.open, t.children = t.open[:len(t.open)-1], t.children[:len(t.children)-1]
}

// write adds text to the element that stands open, as the agent captures it.
func (t *tree) write(text string) {
	if len(t.open) == 0 || t.children[len(t.open)] > 0 {
		return
	}
	e := &t.open[len(t.open)-1]
	joined := []rune(strings.TrimSpace(e.Text + " " + strings.Join(strings.Fields(text), " ")))
	e.Text = string(joined[:min(len(joined), textMaxOf)])
}
