package relay

import "fmt"

// UsageError is what is wrong with how a command was called. The program ends with the exit code for wrong usage.
type UsageError struct{ text string }

func (e UsageError) Error() string { return e.text }

func usage(format string, args ...any) error { return UsageError{fmt.Sprintf(format, args...)} }
