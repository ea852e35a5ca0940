package freight

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Failure is an attempt to ship a file that came to nothing. It is kept on the disk beside the file until that is shipped:
// who looks at a webhook that was turned off for it, or after a restart, wants to know.
type Failure struct {
	At     time.Time `json:"at"`
	First  time.Time `json:"first"`  // when the first attempt of this file was made
	Period string    `json:"period"` // the file's: 2026-11-20, 2026-w47, 2026-11
	Reason string    `json:"reason"` // without secrets
}

// failedEnding is what the name of a file's last failure ends in. NAME.failed holds a Failure.
const failedEnding = ".failed"

// fail remembers the last attempt. That it could not be written down is no reason not to make the next one.
func (s *spool) fail(f Failure) error {
	s.failure = f
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return writeFile(s.path+failedEnding, strings.NewReader(string(text)+"\n"))
}

// recall reads the last failure, when there was one. What cannot be read is none.
func (s *spool) recall() error {
	text, err := os.ReadFile(s.path + failedEnding)
	if err == nil {
		err = json.Unmarshal(text, &s.failure)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
