package freight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"edgerelay/relay/destination"
)

const (
	// handshakeMax bounds the key exchange and the log-in.
	handshakeMax = 30 * time.Second
	// silenceMax bounds how long a server may neither take nor say anything while a file goes to it.
	silenceMax = time.Minute
)

// server is a folder of an SFTP server. Every file has a connection of its own: batches are a minute apart, and a
// connection that slept for a minute may be dead without anybody's having been told.
type server struct {
	address string
	folder  string
	keys    *destination.HostKeys
	config  ssh.ClientConfig // but for the host's key
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	kinds [][]string   // of host keys, by their algorithms: which to ask for, one after the other
	known atomic.Int32 // the one of them that the server showed a known key of
}

func newSFTP(plan *destination.Plan, o Options) (Carrier, error) {
	s := &plan.Settings
	v := &server{folder: s.Of("path"), dial: o.Dial}
	var errAddress, errKeys error
	v.address, errAddress = destination.SSHAddress(s.Of("host"))
	v.keys, errKeys = destination.ParseHostKeys(s.Of("host_key"))
	login, errLogin := sftpLogin(s)
	if err := errors.Join(errAddress, errKeys, errLogin); err != nil {
		return nil, fmt.Errorf("make the carrier of webhook %q: %w", o.Webhook, err)
	}
	v.config = ssh.ClientConfig{User: s.Of("user"), Auth: login, ClientVersion: "SSH-2.0-edgerelay"}
	v.kinds = hostKeyKinds(v.keys)
	return newStoreCarrier(plan, o, v)
}

// sftpLogin are the ways in which the webhook's user proves who they are. Some servers ask for the password as a question.
func sftpLogin(s *destination.Settings) ([]ssh.AuthMethod, error) {
	var login []ssh.AuthMethod
	if key := s.Of("private_key"); key != "" {
		signer, err := ssh.ParsePrivateKey([]byte(key))
		if err != nil {
			return nil, fmt.Errorf("read settings.private_key: %w", err)
		}
		login = append(login, ssh.PublicKeys(signer))
	}
	if password := s.Of("password"); password != "" {
		login = append(login, ssh.Password(password),
			ssh.KeyboardInteractive(func(_, _ string, questions []string, echoes []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range answers {
					if !echoes[i] {
						answers[i] = password
					}
				}
				return answers, nil
			}))
	}
	return login, nil
}

// hostKeyKinds are what to ask a server for, which has a key of each kind as a rule and shows the one that comes first: what
// is known of it. A fingerprint does not tell its kind, so all are asked for by turns.
func hostKeyKinds(known *destination.HostKeys) [][]string {
	if len(known.Fingerprints) > 0 {
		return [][]string{
			{ssh.KeyAlgoED25519},
			{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
			{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
		}
	}
	var algorithms []string
	for _, key := range known.Keys {
		if key.Type() == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		} else {
			algorithms = append(algorithms, key.Type())
		}
	}
	return [][]string{algorithms}
}

// errHostKey is what a connection ends with whose server has shown only keys that are not known.
type errHostKey struct{ shown []string }

func (e *errHostKey) Error() string {
	return "the server's host key is " + strings.Join(e.shown, " or ") + ", which settings.host_key does not have: another machine answers, or the key was changed"
}

// put uploads under another name and renames. An attempt that broke leaves a file of that other name, which the next
// attempt writes over.
func (v *server) put(ctx context.Context, o *object) destination.Verdict {
	client, hangUp, err := v.connect(ctx)
	if err != nil {
		return judgeSFTP(ctx, err)
	}
	defer hangUp()
	files, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return judgeSFTP(ctx, fmt.Errorf("begin SFTP: %w", err))
	}
	defer files.Close()
	return judgeSFTP(ctx, upload(files, join(v.folder, o.key), strings.HasPrefix(v.folder, "/"), o))
}

// connect logs in to a server that shows a known key.
func (v *server) connect(ctx context.Context) (client *ssh.Client, hangUp func(), err error) {
	var strange errHostKey
	first := int(v.known.Load())
	for i := range v.kinds {
		kind := (first + i) % len(v.kinds)
		client, hangUp, err = v.call(ctx, v.kinds[kind])
		var shown *errHostKey
		switch {
		case errors.As(err, &shown):
			strange.shown = append(strange.shown, shown.shown...)
		case err == nil:
			v.known.Store(int32(kind))
			return client, hangUp, nil
		case !lacksHostKey(err):
			return nil, nil, err
		}
	}
	if len(strange.shown) > 0 {
		err = &strange
	}
	return nil, nil, err
}

// call makes a connection on which the server shows a key of one of the algorithms, and logs in.
func (v *server) call(ctx context.Context, algorithms []string) (*ssh.Client, func(), error) {
	conn, err := v.dial(ctx, "tcp", v.address)
	if err != nil {
		return nil, nil, err
	}
	stay := context.AfterFunc(ctx, func() { _ = conn.Close() }) // whoever waits for it gets the error
	client, err := v.login(conn, algorithms)
	if err != nil {
		stay()
		_ = conn.Close()
		return nil, nil, err
	}
	return client, func() {
		_ = client.Close() // all that was to be said has been
		_ = client.Wait()
		stay()
	}, nil
}

func (v *server) login(conn net.Conn, algorithms []string) (*ssh.Client, error) {
	var unknown error
	config := v.config
	config.HostKeyAlgorithms = algorithms
	config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if !v.keys.Has(key) {
			unknown = &errHostKey{[]string{key.Type() + " " + ssh.FingerprintSHA256(key)}}
		}
		return unknown
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeMax)); err != nil {
		return nil, err
	}
	line := &lively{Conn: conn}
	c, channels, requests, err := ssh.NewClientConn(line, v.address, &config)
	switch {
	case unknown != nil:
		return nil, unknown
	case err != nil:
		return nil, err
	}
	line.begun.Store(true)
	if err := conn.SetDeadline(time.Now().Add(silenceMax)); err != nil {
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

// upload makes the file of that name, whole.
func upload(files *sftp.Client, name string, rooted bool, o *object) error {
	if rooted {
		name = "/" + name
	}
	if _, err := files.Stat(name); err == nil {
		return nil // it got its name when it was whole
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", name, err)
	}
	folder, base := path.Split(name)
	if err := files.MkdirAll(path.Clean(folder)); err != nil {
		return fmt.Errorf("make folder %s: %w", folder, err)
	}
	temporary := folder + "." + base + ".part"
	if err := write(files, temporary, o); err != nil {
		return fmt.Errorf("write %s: %w", temporary, err)
	}
	err := files.Rename(temporary, name)
	if err == nil {
		return nil
	}
	if _, missing := files.Stat(name); missing == nil {
		return nil
	}
	return fmt.Errorf("rename %s: %w", temporary, err)
}

func write(files *sftp.Client, name string, o *object) error {
	f, err := files.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(io.NewSectionReader(o.content, 0, o.size))
	if _, can := files.HasExtension("fsync@openssh.com"); can && err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	switch info, err := files.Stat(name); {
	case err != nil:
		return err
	case info.Size() != o.size:
		return fmt.Errorf("it has %d bytes after %d were sent", info.Size(), o.size)
	}
	return nil
}

func (v *server) close() error { return nil }

// judgeSFTP says what an upload came to. What is about the key, the log-in or somebody's rights waits for a person.
func judgeSFTP(ctx context.Context, err error) destination.Verdict {
	var stranger *errHostKey
	var status *sftp.StatusError
	switch {
	case err == nil:
		return destination.Verdict{Outcome: destination.Delivered}
	case ctx.Err() != nil:
		return unreached(ctx.Err())
	case errors.As(err, &stranger):
		return refused(0, err.Error())
	case strings.Contains(err.Error(), "unable to authenticate"):
		return refused(0, err.Error()+"; see settings.user, password and private_key")
	case lacksHostKey(err):
		return refused(0, "the server has no key of the kind that settings.host_key has")
	case strings.Contains(err.Error(), "subsystem request failed"):
		return refused(0, "the server offers this user no SFTP")
	case errors.Is(err, fs.ErrPermission):
		return refused(0, err.Error()+"; let the user write to settings.path")
	case errors.As(err, &status):
		said := err.Error()
		if status.FxCode() == sftp.ErrSSHFxFailure { // a full disk has no code of its own
			said += "; the server says no more: is its disk full, or the user's quota used up?"
		}
		return destination.Verdict{Outcome: destination.Retry, Reason: clip(said)}
	}
	return unreached(err)
}

// lacksHostKey says that a server has no key of the algorithms that it was asked for.
func lacksHostKey(err error) bool {
	return err != nil && strings.Contains(err.Error(), "no common algorithm for host key")
}
