package hook

import (
	"errors"

	"edgerelay/relay/mask"
)

// mask compiles the lists of what may not leave as it is.
func (c *checker) mask() *mask.Mask {
	s := c.spec
	if s.HashKey != "" && len(s.Hash) == 0 {
		c.add("hash_key", "is of no use without hash; name the properties to hash, or leave it out")
	}
	if len(s.Drop) == 0 && len(s.Hash) == 0 {
		return nil
	}
	made, err := mask.Compile(s.Drop, s.Hash, s.HashKey)
	var faults mask.Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			c.add(f.Entry, "%s", f.Msg)
		}
		return nil
	}
	return made
}
