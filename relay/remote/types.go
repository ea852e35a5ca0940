package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"edgerelay/relay/hook"
	"edgerelay/relay/spell"
)

// Catalog is the types of destination: those of a running relay, or, with a Console that has no URL, those of this build.
type Catalog struct{ *Console }

// types are all of them, as the API tells of them.
func (c *Catalog) types(ctx context.Context) ([]byte, error) {
	if c.URL != "" {
		return c.call(ctx, http.MethodGet, "/api/types", nil, nil)
	}
	text, err := json.Marshal(struct {
		Types []hook.Type `json:"types"`
	}{hook.Types()})
	return append(text, '\n'), err
}

type typesCommand struct {
	Name string `arg:"" optional:"" help:"One type, with all that it takes."`
}

// kind is a type of destination as the API tells of it, as far as it is printed.
type kind struct {
	Name, Title, URL string
	Regions          []string
	WriteKey         string `json:"write_key"`
	AccessToken      string `json:"access_token"`
	Signs, Formats   bool
	Batches, Custom  bool
	Local            bool
	Settings         []kindSetting
	Events           []string
}

type kindSetting struct {
	Name, Text, Default     string
	Choices                 []string
	Required, Secret, Local bool
}

// Run prints all types, or one.
func (s *typesCommand) Run(ctx context.Context, catalog *Catalog) error {
	answer, err := catalog.types(ctx)
	if err != nil {
		return err
	}
	c := catalog.Console
	return show(c, answer, func(v struct{ Types []kind }) error {
		if s.Name == "" {
			return printTypes(c, v.Types)
		}
		var names []string
		for i := range v.Types {
			if v.Types[i].Name == s.Name {
				return v.Types[i].print(c)
			}
			names = append(names, v.Types[i].Name)
		}
		return UsageError{fmt.Sprintf("there is no type %q; %s", s.Name, spell.Hint(s.Name, names))}
	})
}

func printTypes(c *Console, types []kind) error {
	t := newTable(c.Out, "type", "what it is", "must be set")
	for i := range types {
		k := &types[i]
		var must []string
		for _, field := range []struct{ name, text string }{{"url", k.URL}, {"write_key", k.WriteKey}, {"access_token", k.AccessToken}} {
			if field.text != "" {
				must = append(must, field.name)
			}
		}
		for _, one := range k.Settings {
			if one.Required {
				must = append(must, "settings."+one.Name)
			}
		}
		title := k.Title
		if k.Local {
			title += " (config file only)"
		}
		t.row(k.Name, title, strings.Join(must, ", "))
	}
	return t.end()
}

// print prints all that the type takes, a line each.
func (k *kind) print(c *Console) error {
	t := newRows(c.Out)
	t.most = proseMax
	t.row("type", k.Name+": "+k.Title)
	for _, field := range []struct{ name, text string }{{"url", k.URL}, {"write_key", k.WriteKey}, {"access_token", k.AccessToken},
		{"region", strings.Join(k.Regions, ", ")}} {
		if field.text != "" {
			t.row(field.name, field.text)
		}
	}
	for _, one := range k.Settings {
		t.row("settings."+one.Name, one.line())
	}
	if k.Formats {
		t.row("also", "format, properties")
	}
	if k.Signs {
		t.row("also", "secret, secret_previous, signature")
	}
	if k.Batches {
		t.row("also", "batch_events, batch_bytes, batch_age")
	}
	if k.Custom {
		t.row("also", "method, body")
	}
	if k.Local {
		t.row("note", "only the config file may have webhooks of this type")
	}
	t.row("events", fmt.Sprintf("%d kinds", len(k.Events)))
	return t.end()
}

func (s *kindSetting) line() string {
	text := s.Text
	if len(s.Choices) > 0 {
		text += "; one of " + strings.Join(s.Choices, ", ")
	}
	if s.Default != "" {
		text += "; default " + s.Default
	}
	for _, mark := range []struct {
		is   bool
		text string
	}{{s.Required, "must be set"}, {s.Secret, "a secret"}, {s.Local, "config file only"}} {
		if mark.is {
			text += "; " + mark.text
		}
	}
	return text
}
