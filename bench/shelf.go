package bench

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// shelf is the folder of an archive, looked at from outside. Each event must be in one object, and no object may change.
// The relay knows it by a link, which leads nowhere at times, as when a disk is not mounted.
type shelf struct {
	hook    tortured
	link    string
	path    string
	objects map[string][sha256.Size]byte // by path
	times   map[int]int                  // how often each event is in one
	corrupt int
}

func newShelf(h tortured, link string) (*shelf, error) {
	s := &shelf{hook: h, link: link, path: link + ".disk", objects: map[string][sha256.Size]byte{}, times: map[int]int{}}
	if err := os.Mkdir(s.path, 0o700); err != nil {
		return nil, err
	}
	return s, s.mount(true)
}

// mount has the relay find the shelf, or not.
func (s *shelf) mount(there bool) error {
	to, next := s.path, s.link+".next"
	if !there {
		to += ".gone"
	}
	if err := os.Symlink(to, next); err != nil {
		return err
	}
	return os.Rename(next, s.link) // the relay would make a folder where there is nothing
}

// look takes in the objects that have come since. With again it also sees whether those of before are as they were; then
// nobody may be writing.
func (s *shelf) look(again bool) error {
	there := 0
	err := filepath.WalkDir(s.path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") { // an object on its way
			return err
		}
		_, known := s.objects[path]
		there++
		if known && !again {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		switch {
		case !known:
			s.objects[path] = sum
			return s.count(content)
		case s.objects[path] != sum:
			s.corrupt++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look at the archive: %w", err)
	}
	s.corrupt += max(0, len(s.objects)-there)
	return nil
}

// count counts an object's events.
func (s *shelf) count(content []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		s.corrupt++
		return nil
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if n := numberOf(lines.Bytes()); n >= 0 {
			s.times[n]++
		} else {
			s.corrupt++
		}
	}
	if lines.Err() != nil {
		s.corrupt++
	}
	return nil
}

// missing counts accepted events that are in no object.
func (s *shelf) missing(accepted []int) (missing int) {
	for _, n := range accepted {
		if s.hook.wants(n) && s.times[n] == 0 {
			missing++
		}
	}
	return missing
}

// compare adds the shelf's part to the verdict.
func (s *shelf) compare(r *TortureResult, accepted []int, sent int) {
	r.Missing += s.missing(accepted)
	r.Corrupt += s.corrupt
	for _, n := range accepted {
		if s.hook.wants(n) {
			r.Obligations++
		}
	}
	for n, times := range s.times {
		if times > 1 {
			r.Doubled++
		}
		if n >= sent {
			r.Corrupt++
		}
	}
}
