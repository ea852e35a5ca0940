package freight

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// originFile holds, in the webhook's folder, which log the positions are of.
const originFile = "origin"

// originPattern is what the file has: ten characters of base32, so that a million logs hardly share one.
var originPattern = regexp.MustCompile(`^[a-z2-7]{10}$`)

// nameMax bounds the webhook's part of an object's name in bytes; file systems take 255 for all of it.
const nameMax = 80

// objectName is what the names of all objects of a webhook begin with, "product-k3j2h5abcd". The second part is made once
// and kept in the webhook's folder: positions count within one log only, and a second relay, or one that lost its data
// folder, would otherwise take another's object for its own and its events for delivered.
func objectName(o *Options) (string, error) {
	origin, err := origin(o.Dir)
	if err != nil {
		return "", fmt.Errorf("name the objects of webhook %q: %w", o.Webhook, err)
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, o.Webhook)
	name = strings.TrimLeft(name, ".-") // a name must not be hidden, nor an option
	for len(name) > nameMax {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name == "" {
		return origin, nil
	}
	return name + "-" + origin, nil
}

func origin(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("the webhook has no folder")
	}
	name := filepath.Join(dir, originFile)
	text, err := os.ReadFile(name)
	switch {
	case err == nil && originPattern.Match(text):
		return string(text), nil
	case err == nil:
		return "", fmt.Errorf("%s does not hold ten letters and digits; restore it, or remove it to have a new one made", name)
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	made := strings.ToLower(rand.Text()[:10])
	if err := makeFolders(dir); err != nil {
		return "", err
	}
	return made, writeFile(name, strings.NewReader(made))
}
