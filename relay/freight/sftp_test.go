package freight

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"edgerelay/relay/destination"
)

// depot is an SFTP server over a real folder, with the user "relay" whose password is "pass" and whose key is user.
type depot struct {
	address  string
	folder   string
	host     ssh.Signer
	more     []ssh.Signer // further host keys, of other kinds
	user     string       // the private key in PEM
	options  []sftp.ServerOption
	noFiles  bool // no SFTP
	question bool // the password is asked for as a question
}

func newKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err1 := ssh.NewSignerFromKey(key)
	block, err2 := ssh.MarshalPrivateKey(key, "")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return signer, string(pem.EncodeToMemory(block))
}

func newCurveKey(t *testing.T) ssh.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newSigner(t, key)
}

func newRSAKey(t *testing.T) ssh.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return newSigner(t, key)
}

func newSigner(t *testing.T, key any) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func newDepot(t *testing.T, change func(d *depot)) *depot {
	t.Helper()
	d := &depot{folder: t.TempDir()}
	d.host, _ = newKey(t)
	user, text := newKey(t)
	d.user = text
	if change != nil {
		change(d)
	}
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if c.User() != "relay" || string(key.Marshal()) != string(user.PublicKey().Marshal()) {
				return nil, errors.New("unknown key")
			}
			return nil, nil
		},
	}
	if d.question {
		config.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err == nil && (len(answers) != 1 || answers[0] != "pass") {
				err = errors.New("wrong password")
			}
			return nil, err
		}
	} else {
		config.PasswordCallback = func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if c.User() != "relay" || string(password) != "pass" {
				return nil, errors.New("wrong password")
			}
			return nil, nil
		}
	}
	for _, key := range append(d.more, d.host) {
		config.AddHostKey(key)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { d.serve(c, config) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return d
}

// serve speaks SSH with one client until it goes.
func (d *depot) serve(c net.Conn, config *ssh.ServerConfig) {
	defer c.Close()
	conn, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer conn.Close()
	running.Go(func() { ssh.DiscardRequests(requests) })
	for channel := range channels {
		stream, asked, err := channel.Accept()
		if err != nil {
			return
		}
		for r := range asked {
			ok := r.Type == "subsystem" && string(r.Payload[4:]) == "sftp" && !d.noFiles
			_ = r.Reply(ok, nil)
			if !ok {
				continue
			}
			running.Go(func() { ssh.DiscardRequests(asked) })
			files, err := sftp.NewServer(stream, append(d.options, sftp.WithServerWorkingDirectory(d.folder))...)
			if err == nil {
				_ = files.Serve()
				_ = files.Close()
			}
			break
		}
		_ = stream.Close()
	}
}

func (d *depot) plan(t *testing.T, more ...string) *destination.Plan {
	t.Helper()
	settings := map[string]string{"host": d.address, "user": "relay", "password": "pass", "path": d.folder,
		"host_key": string(ssh.MarshalAuthorizedKey(d.host.PublicKey()))}
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return newPlan(t, "sftp", "", settings)
}

// filesIn are the files below a folder by their paths, but for those that no reader looks at.
func filesIn(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	got := map[string][]byte{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if err == nil {
			got[filepath.ToSlash(rel)], err = os.ReadFile(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestSFTP ships through connections that break at any byte, lost answers and restarts: each parcel is there once and
// whole.
func TestSFTP(t *testing.T) {
	d, w, dir := newDepot(t, nil), &weather{}, t.TempDir()
	plan := d.plan(t, "prefix", "edge")
	bodies := script(t, plan, w, 1, func() Carrier {
		c, err := New(plan, Options{Webhook: "product", Dir: dir, Dial: w.dial})
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
	checkArchive(t, filesIn(t, d.folder), bodies)
}

func TestSFTPLogin(t *testing.T) {
	f := func(change func(d *depot), settings func(d *depot) []string) {
		t.Helper()
		d := newDepot(t, change)
		plan := d.plan(t, settings(d)...)
		c, p := newCarrier(t, plan, Options{}), newParcel(plan, 1, 3, noon)
		ship(t, c, p, destination.Delivered)
		ship(t, c, p, destination.Delivered)
		checkArchive(t, filesIn(t, d.folder), map[uint64][]byte{1: p.Body})
	}
	f(nil, func(*depot) []string { return nil })
	f(func(d *depot) { d.question = true }, func(*depot) []string { return nil })
	f(nil, func(d *depot) []string { return []string{"password", "", "private_key", d.user} })
	f(nil, func(d *depot) []string { return []string{"host_key", ssh.FingerprintSHA256(d.host.PublicKey())} })
	f(nil, func(d *depot) []string {
		key := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(d.host.PublicKey())))
		return []string{"host_key", "# files.example.com:22 SSH-2.0\n[127.0.0.1]:2222 " + key + "\n"}
	})
	f(nil, func(*depot) []string { return []string{"path", "", "prefix", "from/home"} })
	f(nil, func(*depot) []string { return []string{"path", "up/load/"} })
}

// TestSFTPFingerprintOfAnyKey: a server has several host keys, and shows the one that it is asked for; the fingerprint of any
// of them will do.
func TestSFTPFingerprintOfAnyKey(t *testing.T) {
	dials := &weather{}
	curve, rsaKey := newCurveKey(t), newRSAKey(t)
	d := newDepot(t, func(d *depot) { d.more = []ssh.Signer{rsaKey, curve} })
	stranger, _ := newKey(t)
	for i, key := range []ssh.Signer{d.host, curve, rsaKey} {
		plan := d.plan(t, "host_key", ssh.FingerprintSHA256(stranger.PublicKey())+"\n"+ssh.FingerprintSHA256(key.PublicKey()), "prefix", fmt.Sprint(i))
		c := newCarrier(t, plan, Options{Dial: dials.dial})
		ship(t, c, newParcel(plan, 1, 3, noon), destination.Delivered)
		before := len(dials.dialed())
		ship(t, c, newParcel(plan, 20, 3, noon), destination.Delivered)
		if n := len(dials.dialed()) - before; n != 1 {
			t.Errorf("%s: %d connections when it is known which key the server has, want 1", key.PublicKey().Type(), n)
		}
	}
	plan := d.plan(t, "host_key", ssh.FingerprintSHA256(stranger.PublicKey()))
	v := ship(t, newCarrier(t, plan, Options{}), newParcel(plan, 1, 3, noon), destination.Off)
	for _, key := range []ssh.Signer{d.host, curve, rsaKey} {
		if shown := key.PublicKey().Type() + " " + ssh.FingerprintSHA256(key.PublicKey()); !strings.Contains(v.Reason, shown) {
			t.Errorf("%q does not say %q", v.Reason, shown)
		}
	}
}

// TestSFTPManInTheMiddle: another machine answers now and then, with keys of all kinds, also between two of the connections
// that look for a known key. It never gets a file.
func TestSFTPManInTheMiddle(t *testing.T) {
	curve, rsaKey := newCurveKey(t), newRSAKey(t)
	d := newDepot(t, func(d *depot) { d.more = []ssh.Signer{rsaKey, curve} })
	evil := newDepot(t, func(d *depot) { d.more = []ssh.Signer{newRSAKey(t), newCurveKey(t)} })
	plan := d.plan(t, "host_key", ssh.FingerprintSHA256(rsaKey.PublicKey()), "path", "")
	for pattern := range 1 << 6 {
		call := 0
		c := newCarrier(t, plan, Options{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			to := d
			if pattern>>(call%6)&1 == 1 {
				to = evil
			}
			call++
			return new(net.Dialer).DialContext(ctx, network, to.address)
		}})
		for range 2 {
			before := call
			v := c.Ship(t.Context(), newParcel(plan, uint64(1000*pattern+call+1), 1, noon))
			met := pattern>>((call-1)%6)&1 == 1
			if met && v.Outcome == destination.Delivered || call-before > 3 {
				t.Fatalf("pattern %b, %d calls: %s %s", pattern, call-before, v.Outcome, v.Reason)
			}
		}
	}
	if got := filesIn(t, evil.folder); len(got) > 0 {
		t.Errorf("another machine got %d files", len(got))
	}
	if got := filesIn(t, d.folder); len(got) < 1<<5 {
		t.Errorf("the server has %d files", len(got))
	}
}

func TestSFTPVerdicts(t *testing.T) {
	f := func(change func(d *depot), settings []string, want destination.Outcome, part string) {
		t.Helper()
		d := newDepot(t, change)
		plan := d.plan(t, settings...)
		v := ship(t, newCarrier(t, plan, Options{}), newParcel(plan, 1, 3, noon), want)
		if !strings.Contains(v.Reason, part) || strings.Contains(v.Reason, "pass1") {
			t.Errorf("%q, want %q in it", v.Reason, part)
		}
		if got := filesIn(t, d.folder); len(got) > 0 {
			t.Errorf("%d files", len(got))
		}
	}
	other, otherText := newKey(t)
	curve := newCurveKey(t).PublicKey()
	f(nil, []string{"password", "pass1"}, destination.Off, "unable to authenticate")
	f(nil, []string{"password", "", "private_key", otherText}, destination.Off, "see settings.user")
	f(nil, []string{"host_key", string(ssh.MarshalAuthorizedKey(other.PublicKey()))}, destination.Off, "the server's host key is ssh-ed25519 SHA256:")
	f(nil, []string{"host_key", ssh.FingerprintSHA256(other.PublicKey())}, destination.Off, "another machine answers")
	f(nil, []string{"host_key", string(ssh.MarshalAuthorizedKey(curve))}, destination.Off, "no key of the kind")
	f(func(d *depot) { d.noFiles = true }, nil, destination.Off, "offers this user no SFTP")
	f(func(d *depot) { d.options = []sftp.ServerOption{sftp.ReadOnly()} }, nil, destination.Off, "let the user write to settings.path")
	full := judgeSFTP(t.Context(), fmt.Errorf("write x: %w", &sftp.StatusError{Code: uint32(sftp.ErrSSHFxFailure)}))
	if full.Outcome != destination.Retry || !strings.Contains(full.Reason, "is its disk full") {
		t.Errorf("a failure without a reason: %s %q", full.Outcome, full.Reason)
	}
}

func TestSFTPUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDepot(t, nil)
	d.address = listener.Addr().String()
	plan := d.plan(t)
	ended := make(chan struct{})
	go func() { // a server that hangs up
		defer close(ended)
		if c, err := listener.Accept(); err == nil {
			_, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n")
			_ = c.Close()
		}
	}()
	c := newCarrier(t, plan, Options{})
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry)
	<-ended
	_ = listener.Close()
	if v := ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry); !strings.Contains(v.Reason, "refused") {
		t.Errorf("%q", v.Reason)
	}
}
