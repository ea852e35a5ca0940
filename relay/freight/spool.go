package freight

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// spool is the file of one period on its way: rows, compressed or not, as they will be shipped, and beside them an index
// of the parcels that they came with. It is not safe for concurrent use.
//
//	NAME.data    what is shipped
//	NAME.index   {"label":"2026-11-20",…}          spoolHead, once NAME.data has its header row
//	             first last count end checksum     one line for each parcel, once its rows are on the disk
//	             sealed                            nothing comes behind this, and nothing has been shipped before it
//	NAME.failed  why it is still here, once an attempt to ship it has failed
//	NAME.done    the index of a file that was shipped, kept for as long as a parcel of it could come again
//
// What the index does not have is not there: opening cuts off what a crash left behind it.
type spool struct {
	path   string // without the ending
	head   spoolHead
	data   *os.File
	index  *os.File
	spans  []span // of its parcels
	events int
	end    int64 // of data
	told   int64 // bytes of index
	sealed bool
	broken bool // an error left the files in a state that only opening anew knows

	failure Failure       // the last one; zero: there was none
	again   time.Time     // not shipped before
	pause   time.Duration // between the last two attempts
}

// spoolHead is what is known of a spool from the beginning.
type spoolHead struct {
	Label  string    `json:"label"`  // the period's
	Due    time.Time `json:"due"`    // when it is shipped
	Ending string    `json:"ending"` // of the name under which it is
	Kind   string    `json:"kind"`   // its Content-Type
	Shape  string    `json:"shape"`  // what all its rows have in common: columns and compression
	Begin  int64     `json:"begin"`  // bytes of data before the first parcel's
}

// span is where in the log a parcel begins and ends. One of the same first and another last would be another parcel, which
// a relay that keeps what Parcel says never makes.
type span struct{ first, last uint64 }

const sealLine = "sealed\n"

// newSpool makes one with a header row, or what stands for one, at its beginning.
func newSpool(path string, head spoolHead, row []byte) (*spool, error) {
	head.Begin = int64(len(row))
	if err := writeFile(path+".data", bytes.NewReader(row)); err != nil {
		return nil, err
	}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	if err := writeFile(path+".index", bytes.NewReader(append(text, '\n'))); err != nil {
		return nil, err
	}
	return openSpool(path)
}

// openSpool opens what is there and cuts off what the index does not have.
func openSpool(path string) (_ *spool, err error) {
	s := &spool{path: path}
	_ = s.recall() // it is told, and nothing is done by it
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.index, err = os.OpenFile(path+".index", os.O_RDWR, 0); err != nil {
		return nil, err
	}
	if s.data, err = os.OpenFile(path+".data", os.O_RDWR, 0); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(s.index)
	if err != nil {
		return nil, err
	}
	if err := s.read(text); err != nil {
		return nil, fmt.Errorf("read %s.index: %w", path, err)
	}
	size, err := s.data.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if size < s.end {
		return nil, fmt.Errorf("%s.data has %d bytes, and its index says %d; restore it, or remove both to give these rows up", path, size, s.end)
	}
	return s, s.cut()
}

// read takes an index apart, up to the first line that is not whole.
func (s *spool) read(text []byte) error {
	line, rest, whole := bytes.Cut(text, []byte("\n"))
	if err := json.Unmarshal(line, &s.head); err != nil || !whole {
		return errors.New("it does not begin with what it is an index of; remove it and the .data file beside it")
	}
	s.end = s.head.Begin
	for {
		s.told = int64(len(text) - len(rest))
		line, rest, whole = bytes.Cut(rest, []byte("\n"))
		if whole && string(line)+"\n" == sealLine {
			s.told, s.sealed = s.told+int64(len(sealLine)), true
			return nil
		}
		var first, last uint64
		var count int
		var end int64
		if n, err := fmt.Sscanf(string(line), "%d %d %d %d", &first, &last, &count, &end); !whole || err != nil || n != 4 ||
			string(line)+"\n" != parcelLine(first, last, count, end) || end < s.end {
			return nil
		}
		s.spans, s.events, s.end = append(s.spans, span{first, last}), s.events+count, end
	}
}

// parcelLine is a parcel's line of the index.
func parcelLine(first, last uint64, count int, end int64) string {
	text := fmt.Sprintf("%d %d %d %d", first, last, count, end)
	return fmt.Sprintf("%s %08x\n", text, crc32.ChecksumIEEE([]byte(text)))
}

// cut takes both files back to what is known of them.
func (s *spool) cut() error {
	if err := s.data.Truncate(s.end); err != nil {
		return err
	}
	return s.index.Truncate(s.told)
}

// add puts a parcel's rows at the end. They are on the disk when it returns nil, and not there at all when it does not.
func (s *spool) add(p *Parcel, rows []byte) error {
	line := parcelLine(p.First, p.Last, p.Count, s.end+int64(len(rows)))
	_, err := s.data.WriteAt(rows, s.end)
	if err == nil {
		err = s.data.Sync()
	}
	if err == nil {
		err = s.tell(line)
	}
	if err != nil {
		s.broken = true
		_ = s.cut() // else opening does
		return err
	}
	s.spans, s.events, s.end = append(s.spans, span{p.First, p.Last}), s.events+p.Count, s.end+int64(len(rows))
	return nil
}

// seal says that the file is as it will be shipped, before the first attempt to: what was shipped once must not grow.
func (s *spool) seal() error {
	if s.sealed {
		return nil
	}
	if err := s.tell(sealLine); err != nil {
		s.broken = true
		_ = s.cut()
		return err
	}
	s.sealed = true
	return nil
}

func (s *spool) tell(line string) error {
	if _, err := s.index.WriteAt([]byte(line), s.told); err != nil {
		return err
	}
	if err := s.index.Sync(); err != nil {
		return err
	}
	s.told += int64(len(line))
	return nil
}

// shipped takes the file away. After a crash in between it is shipped once more, under the same name.
func (s *spool) shipped() error {
	s.close()
	if err := os.Rename(s.path+".index", s.path+".done"); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(s.path)); err != nil {
		return err
	}
	_ = os.Remove(s.path + failedEnding) // else the next start does
	return os.Remove(s.path + ".data")
}

// close closes the files. What was added is on the disk already.
func (s *spool) close() {
	for _, f := range []*os.File{s.data, s.index} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// doneSpans are the parcels of a file that was shipped.
func doneSpans(path string) ([]span, error) {
	text, err := os.ReadFile(path + ".done")
	if err != nil {
		return nil, err
	}
	s := &spool{}
	if err := s.read(text); err != nil {
		return nil, fmt.Errorf("read %s.done: %w", path, err)
	}
	return s.spans, nil
}

// spooled are the paths of a folder's spools with one of the endings, without it, in the order of their names.
func spooled(folder, ending string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var paths []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ending); ok && name[0] != '.' {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	return paths, err
}
