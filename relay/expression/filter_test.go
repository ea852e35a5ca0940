package expression

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"edgerelay/relay/event"
)

// sample is an event that has something under every name but those of a guide.
func sample(properties string) *event.Event {
	return &event.Event{
		Kind: event.TrackEventReceived, UniqueID: [20]byte{0xab, 0xcd}, Time: 1626805075123,
		AppName: []byte("shop"), Visitor: []byte(`"ann@example.com"`), Account: []byte(`"acme \"1\""`),
		UserAgent: []byte(`"curl/8"`), IP: []byte(`"10.0.0.1"`), URL: []byte(`"https://shop.example/a?b=c"`),
		IDs: [][]byte{[]byte(`"guide-1"`), []byte(`"guide-2"`)}, Name: []byte(`"paid"`), Source: []byte(`"web"`),
		Properties: []byte(properties),
	}
}

const properties = `{"7":"seven","plan":"pro","count":3,"price":9.5,"a b":4,"big":9007199254740993,"beta":true,"off":false,"none":null,` +
	`"text":"7","é":"ü\n","user":{"email":"a@b.c","tags":["x","y"],"deep":{"er":{"yet":1}}},` +
	`"items":[{"sku":"A","n":1},{"sku":"B","n":5},{"n":2}],"empty":[]}`

// begin is an Env that holds e.
func begin(e *event.Event) *Env {
	v := new(Env)
	v.Begin(e, event.Note{All: true})
	return v
}

func TestMatch(t *testing.T) {
	v := begin(sample(properties))
	f := func(text string, want bool) {
		t.Helper()
		filter, err := CompileFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		for range 2 { // the second time on decoded values
			if got, err := filter.Match(v); got != want || err != nil {
				t.Errorf("%s: %v, %v", text, got, err)
			}
		}
	}
	// Every name.
	f(`event == "trackEventReceived" && dotted == "track.event"`, true)
	f(`app == "shop"`, true)
	f(`visitor endsWith "@example.com"`, true)
	f(`account == 'acme "1"'`, true)
	f(`uniqueId == "abcd000000000000000000000000000000000000"`, true)
	f(`timestamp == 1626805075 and timestamp > 1626805074`, true)
	f(`time == "2021-07-20T18:17:55.123Z"`, true)
	f(`url contains "shop.example" && ip startsWith "10." && userAgent matches "^curl/[0-9]+$"`, true)
	f(`name == "paid" && source == "web"`, true)
	f(`"guide-1" in ids and not ("guide-3" in ids) and len(ids) == 2 and ids[-1] == "guide-2"`, true)
	f(`ids contains "guide-2"`, true)
	f(`guide == nil && guide.id == nil && guide.nps.rating == nil`, true)

	// Properties at any depth, however they are spelled.
	f(`properties.plan == "pro"`, true)
	f(`properties["plan"] == "pro" && properties?.plan == "pro" && properties["7"] == "seven"`, true)
	f(`properties["a b"] > 3`, true)
	f(`properties.é == "ü\n"`, true)
	f(`properties.user.email == "a@b.c" && properties.user?.email endsWith ".c"`, true)
	f(`properties.user.deep.er.yet == 1`, true)
	f(`properties.user.tags[1] == "y" && "x" in properties.user.tags`, true)
	f(`properties.items[0].sku == "A" && properties.items[1]["n"] == 5`, true)
	f(`"plan" in properties && not ("nope" in properties)`, true)
	f(`len(properties) == 14`, true)
	f(`let u = properties.user; u.email == "a@b.c" && u["tags"][0] == "x"`, true)
	f(`properties.big == 9007199254740993 && properties.big != 9007199254740992`, true)
	f(`properties == properties && properties.user != properties.items`, true)

	// Missing is nil, and nil fails nothing.
	f(`properties.nope == nil && properties.none == nil`, true)
	f(`properties.nope.at.all == nil && properties.plan.at == nil && properties.items[9].x == nil`, true)
	f(`properties.nope > 3 || properties.nope <= 3 || 3 < properties.nope || properties.nope == 3`, false)
	f(`properties.nope != 3`, true)
	f(`properties.nope`, false)
	f(`!properties.nope`, true)
	f(`properties.nope || event == "trackEventReceived"`, true)
	f(`properties.nope and true`, false)
	f(`properties.nope ? false : true`, true)
	f(`(properties.user?.email ?? "") != "" && (properties.nope?.email ?? "") == ""`, true)
	f(`properties.nope contains "a" || properties.nope matches "a" || properties.nope endsWith "a"`, false)
	f(`properties.nope in ["a"] || "a" in properties.nope`, false)
	f(`properties.nope in ["a", nil]`, true)
	f(`any(properties.nope, # == 1) || len(properties.nope) > 0 || lower(properties.nope) != nil`, false)
	f(`all(properties.items, .sku != "C") && count(properties.items, .nope) == 0`, true)

	// Values.
	f(`properties.beta && !properties.off`, true)
	f(`properties.count == 3.0 && properties.count in [1, 2, 3] && 3.0 in [3] && -3 not in [3]`, true)
	f(`properties.price > 9 && properties.price < properties["big"]`, true)
	f(`properties.plan > "pra" && properties.plan < "prp" && properties.plan >= "pro"`, true)
	f(`int(properties.text) == 7 && float(properties.text) / 2 == 3.5 && properties.count % 2 == 1`, true)
	f(`properties.count + 1 == 4 && properties.plan + "!" == "pro!" && properties.price * 2 == 19`, true)
	f(`[1, [2]] == [1, [2]] && {a: properties.count} == {a: 3.0}`, true)
	f(`any(properties.items, .n > 4 && .sku == "B")`, true)
	f(`any(properties.items, {let item = #; any(properties.user.tags, # == "y" && item.n == 2)})`, true)
	f(`all(properties.items, .n >= 1) && none(properties.items, .n > 5) && one(properties.items, #.sku == "A")`, true)
	f(`sum(properties.items, .n) == 8 && count(properties.items, .n > 1) == 2 && sum([1, 2]) == 3`, true)
	f(`filter(properties.items, .n > 1)[0].sku == "B" && map(properties.items, .n)[2] == 2`, true)
	f(`find(properties.items, .n == 5).sku == "B" && findIndex(properties.items, .n == 5) == 1`, true)
	f(`reduce(properties.items, #acc + .n, 0) == 8`, true)
	// Each leaves the machine's stack as it should: what stands before it stays (findLast does not, see loops).
	f(`[0, all([1, 2], # > 0), all([1, 2], # > 1), any([1, 2], # > 1), any([], # > 0), none([1, 2], # > 2), none([1, 2], # > 1),
		one([1, 2], # > 1), count([1, 2], # > 1), filter([1, 2], # > 1), map([1, 2], # + 1), find([1, 2], # > 1), find([1], # > 1),
		findIndex([1, 2], # > 1), findIndex([1], # > 1), sum([1, 2]), sum([1, 2], # * 2), reduce([1, 2], #acc + #), 9] ==
		[0, true, false, true, false, true, false, true, 1, [2], [2, 3], 2, nil, 1, nil, 3, 6, 3, 9]`, true)
	f(`first(ids) == "guide-1" && last(ids) == "guide-2" && first([]) == nil`, true)
	f(`lower("ÀB") == "àb" && upper("a") == "A" && trim(" a ") == "a" && replace("aXbX", "X", "--") == "a--b--"`, true)
	f(`truncate("añb", 3) == "añb" && truncate("añbc", 3) == "añ…" && len("añb") == 3`, true)
	f(`split("a,b", ",") == ["a", "b"] && join(["a", 1, nil], "-") == "a-1-"`, true)
	f(`abs(-2) == 2 && ceil(1.2) == 2 && floor(1.8) == 1 && round(1.5) == 2 && min(2, 3) == 2 && max(2, nil) == 2`, true)
	f(`text(3.0) == "3" && text(nil) == "" && json({b: [1, nil], a: "x"}) == '{"a":"x","b":[1,null]}'`, true)
	f(`iso(timestamp) == "2021-07-20T18:17:55.000Z" && iso(nil) == nil`, true)
	f(`sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`, true)
	f(`properties.plan | upper() == "PRO"`, true)
}

func TestMatchGuide(t *testing.T) {
	v := begin(&event.Event{Kind: event.PollSubmitted, Guide: event.Guide{
		ID: []byte(`"g"`), Name: []byte(`"Hi"`), StepID: []byte(`"s"`), Language: []byte(`"de"`),
		Properties: []byte(`{"a":1}`), NPS: []byte(`{"rating":9}`), PollResponses: []byte(`[{"response":"yes"}]`),
	}})
	filter, err := CompileFilter(`guide.id == "g" && guide.name == "Hi" && guide.step == "s" && guide.language == "de" &&
		guide.properties.a == 1 && guide.nps.rating >= 9 && any(guide.poll, .response == "yes") && len(guide) == 7 &&
		visitor == nil && properties == {} && ids == []`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := filter.Match(v); !got || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// A value of the wrong type is an error, which does not match.
func TestMatchFails(t *testing.T) {
	v := begin(sample(properties))
	f := func(text, want string) {
		t.Helper()
		filter, err := CompileFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := filter.Match(v)
		if got || err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	f(`properties.text > 3`, `1:17: cannot compare a text with a number`)
	f("true &&\n  properties.plan", `1:1: neither true nor false nor nil, where one of these is asked for`)
	f(`properties.plan && true`, `1:17: neither true nor false nor nil, where one of these is asked for`)
	f(`properties.plan`, `1:1: neither true nor false nor nil, where one of these is asked for`)
	f(`properties.nope + 1 == 2`, `1:17: cannot add a nil and a number, see text()`)
	f(`properties.nope * 2 == 2`, `1:17: invalid operation: <nil> * int`)
	f(`any(properties.plan, true)`, `1:16: a text where a list is asked for`)
	f(`1 in properties.count`, `1:3: "in" asks for a list or a map on its right, not a number`)
	f(`int("x") == 1`, `1:1: int() of a text that is no number`)
	f(`properties.count % 0 == 1`, `1:18: runtime error: integer divide by zero`)
}

func TestCompileFilterFaults(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := CompileFilter(text)
		var fault *Fault
		if !errors.As(err, &fault) {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got := err.Error(); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %s", text, got)
		}
	}
	f(``, `1:1: the expression is empty`)
	f(strings.Repeat(" ", TextMax)+"1", `1:1: the expression is longer than 4096 bytes`)
	const listed = ` README lists all names under "Choosing events"`
	f(`plan == 1`, `1:1: unknown name plan; a text stands in quotes, a property is written properties.plan;`+listed)
	f(`len(plan) == 1`, `1:5: unknown name plan; a text stands in quotes, a property is written properties.plan;`+listed)
	f("true &&\n nonsense(1)", `2:2: unknown name nonsense; a text stands in quotes`)
	f(`vistor == 1`, `1:1: unknown name vistor; did you mean visitor?`+listed)
	f(`unique_id == ""`, `1:1: unknown name unique_id; did you mean uniqueId?`+listed)
	f(`mix(1, 2) == 1`, `1:1: unknown name mix; did you mean max or min?`+listed)
	f(`event`, `1:1: expected bool, but got string; write a condition, such as event == "pageLoaded"`)
	f(`1 + 2`, `1:1: expected bool, but got int; write a condition, such as event == "pageLoaded"`)
	f(`event == 1`, `1:7: invalid operation: == (mismatched types string and int)`)
	f(`event ==`, `1:8: ends too early; something must follow`)
	f(`event = "pageLoaded"`, `1:7: one "=" compares nothing; write "=="`)
	f(`now() > now()`, `1:1: unknown name now; `)
	f(`repeat("a", 10) == ""`, `1:1: unknown name repeat; `)
	f(`uniq([1]) == [1]`, `1:1: unknown name uniq; `)
	f(`keys(properties) == []`, `1:1: unknown name keys; `)
	f(`fromJSON("1") == 1`, `1:1: unknown name fromJSON; `)
	f(`date("2020-01-01") == nil`, `1:1: unknown name date; `)
	f(`groupBy(ids, #) == nil`, `1:1: groupBy() is not offered`)
	f(`findLast(ids, #) == nil`, `1:1: findLast() is not offered`)
	f(`sortBy(ids, #) == nil`, `1:1: sortBy() is not offered`)
	f(`len(1..9) == 9`, `1:6: ranges are not offered`)
	f(`$env["visitor"] == nil`, `1:1: $env is not offered`)
	f(`properties.foo() == 1`, `1:12: properties["foo"] is no function`)
	f(`visitor() == 1`, `1:1: visitor is no function`)
	f(`lower == nil`, `1:1: lower is a function, call it: lower(…)`)
	f(`visitor.name == ""`, `1:9: visitor has no members`)
	f(`guide.kind == ""`, `1:7: guide has no member kind; it has id, name, step`)
	f(`lower() == ""`, `1:1: not enough arguments to call lower`)
	f(`lower(1, 2) == ""`, `1:1: too many arguments to call lower`)
	f(`url matches "("`, "1:5: error parsing regexp: missing closing )")
	f(`url matches properties.re`, `1:5: the regular expression must be a text that stands here`)
	f(`url matches "a{600}b{600}"`, `1:5: the regular expression is too large`)
	f(`ids[0:1] == []`, `1:4: parts of lists and texts are not offered`)
	f(`b"abc" == nil`, `1:1: bytes are not offered`)
	f(`let event = 1; true`, `1:5: cannot redeclare event`)
	f(`[`+strings.Repeat("1,", nodesMax)+`1] == nil`, `1:`)
	f(strings.Repeat("(", 4000), `1:`)
	f(strings.Repeat("!", 4000), `1:`)
}

// Hostile expressions on hostile events are stopped after a counted number of steps.
func TestMatchIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	list := `["` + strings.TrimSuffix(strings.Repeat(`a","`, 100_000), `,"`) + `]`
	v := begin(sample(`{"list":` + list + `,"long":"` + long + `","words":["` + long + `","` + long + `y"]}`))
	stopped := func(text string) {
		t.Helper()
		filter, err := CompileFilter(text)
		if err != nil {
			t.Errorf("%.100s: %v", text, err)
			return
		}
		got, err := filter.Match(v)
		if got || err == nil {
			t.Errorf("%.100s: %v, %v", text, got, err)
			return
		}
		if !errors.Is(err, ErrCost) && !strings.Contains(err.Error(), "memory budget") && !errors.Is(err, errLimit) && !errors.Is(err, errSize) && !errors.Is(err, errDepth) {
			t.Errorf("%.100s: stopped by %v", text, err)
		}
	}
	stopped(`any(properties.list, any(properties.list, any(properties.list, # == "b")))`)
	stopped(`any(properties.list, let x = #; any(properties.list, # != x))`)
	stopped(`all(properties.list, properties.long contains "y" || true)`)
	stopped(`all(properties.list, # in properties.list) && all(properties.list, properties.list == properties.list)`)
	stopped(`properties.long matches "(x+x+)+y"`)
	stopped(`any(properties.words, # matches "(x*)*[a-c]{50}")`)
	stopped(`any(properties.list, properties.words[0] == properties.words[1])`)
	stopped(`len(map(properties.list, map(properties.list, 1))) == 1`)
	stopped(`sum(properties.list, sum(map(properties.list, 1))) == 1`)
	stopped(`len(join(map(properties.list, properties.long), "")) == 0`)
	stopped(`replace("` + strings.Repeat("a", 1000) + `", "a", "` + strings.Repeat("b", 1000) + `") == ""`)
	stopped(`replace(properties.long, "x", "yy") == ""`)
	stopped(`split(properties.long, "") == []`)
	stopped(`reduce(properties.list, [#acc, #acc], 1)[0] == properties.list`)
	stopped(`len(json(reduce(properties.list, [#acc], 1))) == 1`)
	stopped(`reduce(properties.list, text(#acc) + text(#acc), "ab") == ""`)
	stopped(doubling(100, "x = [x, x]") + `x == x`)
	stopped(doubling(100, "x = {a: x, b: x}") + `json(x) == ""`)
	stopped(doubling(100, "x = x + x") + `x == ""`)
	stopped(doubling(100, "x = join([x, x], x)") + `x == ""`)
	stopped(`lower(properties.long) == upper(properties.long) || sha256(properties.long) == ""`)
}

// doubling is count steps that each make a value out of the one before, twice.
func doubling(count int, step string) string {
	left, right, _ := strings.Cut(step, " = ")
	text := "let v0 = text('ab'); "
	for i := range count {
		text += fmt.Sprintf("let v%d = %s; ", i+1, strings.ReplaceAll(right, left, fmt.Sprintf("v%d", i)))
	}
	return text + fmt.Sprintf("let x = v%d; ", count)
}

// What costs much on this machine's largest events is far from the limit on usual ones.
func TestMatchAllowsUsualLoops(t *testing.T) {
	items := strings.TrimSuffix(strings.Repeat(`{"sku":"A","n":1},`, 200), ",")
	v := begin(sample(`{"items":[` + items + `]}`))
	filter, err := CompileFilter(`count(properties.items, {let a = #; any(properties.items, .sku != a.sku)}) == 0`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := filter.Match(v)
	if !got || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// An Env shows the event it was given last, also where the values of the one before could be taken for it.
func TestEnvIsReused(t *testing.T) {
	filter, err := CompileFilter(`properties.plan == "pro" && visitor != nil && len(ids) == 1`)
	if err != nil {
		t.Fatal(err)
	}
	v := new(Env)
	f := func(e *event.Event, n event.Note, want bool) {
		t.Helper()
		v.Begin(e, n)
		if got, err := filter.Match(v); got != want || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		v.End()
	}
	one := event.Note{Bits: []byte{2}}
	f(sample(`{"plan":"pro"}`), one, true)
	f(sample(`{"plan":"pro"}`), event.Note{All: true}, false)
	f(sample(`{"plan":"free"}`), one, false)
	f(sample(`{}`), one, false)
	f(&event.Event{Properties: []byte(`{"plan":"pro"}`)}, one, false)
	f(sample(`{"plan":"pro"}`), one, true)
}

func TestFilterIsSharedByGoroutines(t *testing.T) {
	filter, err := CompileFilter(`properties.n >= 0 && any(properties.list, # == properties.n) && lower(visitor) matches "^ann"`)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			v := new(Env)
			for range 200 {
				v.Begin(sample(fmt.Sprintf(`{"n":%d,"list":[%d]}`, i, i)), event.Note{All: true})
				if got, err := filter.Match(v); !got || err != nil {
					t.Errorf("%d: %v, %v", i, got, err)
				}
				v.End()
			}
		})
	}
	group.Wait()
}
