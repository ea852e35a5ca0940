package remote

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// settings are the flags that make or change a webhook. What has no flag is set by --set or by a file.
type settings struct {
	URL         string            `name:"url" help:"Where deliveries are posted; of a vendor's type it overrides the vendor's endpoint."`
	Type        string            `help:"What is at the other end, see \"edgerelay webhook types\" (default: url)."`
	WriteKey    string            `help:"Key that events are written with, of types that have one; - reads it from standard input."`
	AccessToken string            `help:"Token of the vendor's API, of types that have one; - reads it from standard input."`
	Region      string            `help:"Region, of types that have regions."`
	Setting     map[string]string `mapsep:"none" placeholder:"NAME=VALUE" help:"What only this type takes; @FILE as the value reads it from a file; may be repeated."`
	Event       []string          `sep:"none" help:"Event to send: NAME, NAME:ID or a pattern; may be repeated."`
	Secret      string            `help:"Secret to sign with; - reads it from standard input."`
	App         string            `help:"Events of this app only."`
	Format      string            `help:"Shape of the body."`
	Signature   []string          `help:"Signature schemes."`
	Owner       string            `help:"Mail address of who hears when it is turned off."`
	Set         map[string]string `placeholder:"KEY=VALUE" help:"Any other setting, by its key in the config file, such as where, rate or settings.bucket; VALUE is JSON or a text."`
	From        string            `placeholder:"FILE" help:"JSON file with settings, - for standard input; flags go before it."`
}

// document is the settings as the API takes them.
func (s *settings) document() (map[string]any, error) {
	d := map[string]any{}
	if s.From != "" {
		if err := readDocument(s.From, &d); err != nil {
			return nil, err
		}
	}
	if err := s.readSecrets(os.Stdin); err != nil {
		return nil, err
	}
	for key, value := range map[string]string{"url": s.URL, "type": s.Type, "write_key": s.WriteKey, "access_token": s.AccessToken,
		"region": s.Region, "secret": s.Secret, "app": s.App, "format": s.Format, "owner": s.Owner} {
		if value != "" {
			d[key] = value
		}
	}
	for key, values := range map[string][]string{"events": s.Event, "signature": s.Signature} {
		if len(values) > 0 {
			d[key] = values
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Set)) { // settings before their members
		value := s.Set[key]
		switch name, own := strings.CutPrefix(key, "settings."); {
		case own:
			put(d, name, value)
		case json.Valid([]byte(value)):
			d[key] = json.RawMessage(value)
		default:
			d[key] = value
		}
	}
	for name, value := range s.Setting {
		if file, is := strings.CutPrefix(value, "@"); is {
			text, err := readInput(file)
			if err != nil {
				return nil, fmt.Errorf("read the setting %s: %w", name, err)
			}
			value = string(text)
		}
		put(d, name, value)
	}
	return d, nil
}

// put sets a member of settings, all of which are texts. An empty one is taken away.
func put(d map[string]any, name, value string) {
	own := map[string]any{}
	switch before := d["settings"].(type) {
	case map[string]any:
		own = before
	case json.RawMessage:
		_ = json.Unmarshal(before, &own) // what is no object gives way
	}
	own[name] = value
	if value == "" {
		own[name] = nil
	}
	d["settings"] = own
}

// readSecrets reads the secrets that are to come from in, a line each, in the order of the flags.
func (s *settings) readSecrets(in io.Reader) error {
	lines := bufio.NewReader(in)
	for _, secret := range []*string{&s.WriteKey, &s.AccessToken, &s.Secret} {
		if *secret != "-" {
			continue
		}
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the secret: %w", err)
		}
		*secret = strings.TrimRight(line, "\r\n")
	}
	return nil
}

func readDocument(file string, d *map[string]any) error {
	text, err := readInput(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, d); err != nil {
		return fmt.Errorf("read settings: %s holds no JSON object: %w", source(file), err)
	}
	return nil
}

// readInput reads a file, or standard input for "-".
func readInput(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(file)
}

// source is what to call the file in an error.
func source(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}
