package expression_test

import (
	"fmt"

	"edgerelay/relay/event"
	"edgerelay/relay/expression"
)

func Example() {
	filter, err := expression.CompileFilter(`properties.plan == "pro" && visitor endsWith "@example.com"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := expression.CompileTemplate(`{ "text": "{{ visitor }} saw {{ properties.count ?? "some" }} pages", "plan": {{ properties.plan }} }`, expression.JSONBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	var env expression.Env
	env.Begin(&event.Event{
		Kind:       event.PageLoaded,
		Visitor:    []byte(`"ann@example.com"`),
		Properties: []byte(`{"plan":"pro","count":3}`),
	}, event.Note{All: true})
	fmt.Println(filter.Match(&env))
	bytes, err := body.Append(nil, &env)
	fmt.Println(string(bytes), err)
	env.End()
	// Output:
	// true <nil>
	// {"text":"ann@example.com saw 3 pages","plan":"pro"} <nil>
}
