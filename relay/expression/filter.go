package expression

// Filter says of an event whether it is wanted. It is immutable and safe for concurrent use.
type Filter struct {
	text    string
	program *program
}

// CompileFilter checks and compiles text, an expression that is true or false. The error is a *Fault with the place in
// text.
func CompileFilter(text string) (*Filter, error) {
	p, err := compile(text, true)
	if err != nil {
		return nil, err
	}
	return &Filter{text, p}, nil
}

// String is the text of the filter.
func (f *Filter) String() string { return f.text }

// Match says whether the event that env holds is wanted. The error, a *Fault, says why that could not be told: a value of
// the wrong type, or ErrCost. It comes with false: what a filter fails on does not match. Callers count it. The same
// event fails again, so there is no use in a second try.
func (f *Filter) Match(env *Env) (bool, error) {
	env.allow()
	result, err := env.evaluate(f.program)
	env.settle()
	if err != nil {
		return false, err
	}
	matched, _ := result.(bool)
	return matched, nil
}
