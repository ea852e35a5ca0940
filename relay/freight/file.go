package freight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"edgerelay/relay/destination"
)

// folder is a folder of this machine.
type folder struct{ path string }

func newFile(plan *destination.Plan, o Options) (Carrier, error) {
	f := folder{plan.Settings.Of("path")}
	if f.path == "" {
		if o.Dir == "" {
			return nil, fmt.Errorf("make the carrier of webhook %q: it has neither settings.path nor a folder of its own", o.Webhook)
		}
		f.path = filepath.Join(o.Dir, "files")
	}
	return newStoreCarrier(plan, o, f)
}

// put writes a file beside its place and renames it when it is on the disk. What a crash left of an attempt before is
// written over.
func (f folder) put(ctx context.Context, o *object) destination.Verdict {
	name := filepath.Join(f.path, filepath.FromSlash(o.key))
	switch _, err := os.Lstat(name); {
	case err == nil: // it got its name when it was whole
		if err := syncFolder(filepath.Dir(name)); err != nil { // and perhaps nobody saw to it that it keeps it
			return judgeFile(err)
		}
		return destination.Verdict{Outcome: destination.Delivered}
	case !errors.Is(err, fs.ErrNotExist):
		return judgeFile(err)
	}
	if err := makeFolders(filepath.Dir(name)); err != nil {
		return judgeFile(err)
	}
	return judgeFile(writeFile(name, &patient{ctx, io.NewSectionReader(o.content, 0, o.size)}))
}

func (f folder) close() error { return nil }

// patient reads until its context ends.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// judgeFile says what writing a file came to. A full disk becomes empty again; a folder that the relay may not write to
// does not by itself.
func judgeFile(err error) destination.Verdict {
	switch {
	case err == nil:
		return destination.Verdict{Outcome: destination.Delivered}
	case forbidden(err):
		return refused(0, err.Error()+"; let the relay's user write to settings.path")
	}
	return destination.Verdict{Outcome: destination.Retry, Reason: clip(err.Error()), Ours: true}
}
