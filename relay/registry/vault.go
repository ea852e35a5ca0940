package registry

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeyVariable is the environment variable that may hold the vault's key, as 64 hex digits or in base64.
const KeyVariable = "EDGERELAY_KEY"

// keyFile holds the key, in hex, when the environment does not.
const keyFile = "secret.key"

// Vault encrypts what must not be read from the data folder: AES-256 in GCM, with a new nonce each time. Safe for
// concurrent use.
type Vault struct{ aead cipher.AEAD }

// OpenVault takes the key from the environment, else from the file secret.key in dir, which it makes, for this user only,
// when there is none.
func OpenVault(dir string, lookup func(name string) (string, bool)) (*Vault, error) {
	if text, found := lookup(KeyVariable); found {
		key, err := parseKey(text)
		if err != nil {
			return nil, fmt.Errorf("open vault: %s %w", KeyVariable, err)
		}
		return newVault(key)
	}
	path := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	key, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("open vault: the file %q %w; restore it, for without it the webhooks made by the admin API cannot be read", path, err)
	}
	return newVault(key)
}

func newVault(key []byte) (*Vault, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return &Vault{aead}, nil
}

const keyBytes = 32

func parseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if key, err := hex.DecodeString(text); err == nil && len(key) == keyBytes {
		return key, nil
	}
	if key, err := base64.StdEncoding.DecodeString(text); err == nil && len(key) == keyBytes {
		return key, nil
	}
	return nil, errors.New("holds no key: it must be 32 bytes, as 64 hex digits or in base64")
}

// makeKey writes a new key to a file that was not there, and syncs it: what is encrypted with a key that a crash took
// could never be read again.
func makeKey(path string) (text []byte, err error) {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // it never fails
	text = []byte(hex.EncodeToString(key) + "\n")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return text, syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// seal encrypts text; it opens again under the same name only.
func (v *Vault) seal(name string, text []byte) []byte {
	nonce := make([]byte, v.aead.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return v.aead.Seal(nonce, nonce, text, []byte(name))
}

func (v *Vault) open(name string, sealed []byte) ([]byte, error) {
	n := v.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("it is cut short")
	}
	text, err := v.aead.Open(nil, sealed[:n], sealed[n:], []byte(name))
	if err != nil {
		return nil, fmt.Errorf("it was encrypted with another key: set the %s, or restore the %s, that it was made with", KeyVariable, keyFile)
	}
	return text, nil
}
