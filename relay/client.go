package relay

import (
	"os"

	"edgerelay/relay/spell"
	"edgerelay/relay/strict"
)

// Client is a config file as clients of the relay on this machine read it: where it listens, and what an app sends with.
// Only what is asked for is read. The relay may run with an environment that a client's shell has not, and what is wrong
// elsewhere in the file "check" tells. Every error of a method is of type Faults, unless it says otherwise. Not safe for
// concurrent use.
type Client struct {
	config *Config // defaults, with what was read laid over them
	root   *strict.Table
}

// FindClient opens the file that Find would load. An error is of type Faults.
func FindClient(named string, builtIn []byte) (*Client, error) {
	path, data := locate(named), builtIn
	if path != BuiltInName {
		var err error
		if data, err = readConfig(path); err != nil {
			return nil, err
		}
	}
	return newClient(path, data, os.LookupEnv)
}

func newClient(file string, data []byte, lookup func(name string) (string, bool)) (*Client, error) {
	root, err := strict.Parse(file, data, lookup)
	if err != nil {
		return nil, err
	}
	return &Client{config: defaults(), root: root}, nil
}

// Intake is the URL of the listener for SDKs and servers.
func (c *Client) Intake() (string, error) {
	t, i := c.root.Table("intake"), &c.config.Intake
	t.Text("listen", &i.Listen)
	checkListen(t, i.Listen)
	if !t.Blank("tls_cert") {
		i.TLSCert = "set"
	}
	return i.url(), c.root.Noted()
}

// Console is the address that the console listens on.
func (c *Client) Console() (string, error) {
	t, listen := c.root.Table("console"), &c.config.Console.Listen
	t.Text("listen", listen)
	checkListen(t, *listen)
	return *listen, c.root.Noted()
}

// ConsoleToken is what the console asks for, "" when it asks for nothing.
func (c *Client) ConsoleToken() (string, error) {
	c.root.Table("console").Text("token", &c.config.Console.Token)
	return c.config.Console.Token, c.root.Noted()
}

// App has an app's keys, and with secret the secret of its incoming webhooks; "" is the first app. That there is none of
// this name is an error of usage.
func (c *Client) App(name string, secret bool) (App, error) {
	tables := c.root.Tables("app", "name")
	var names []string
	for _, t := range tables {
		var app App
		if name != "" {
			t.Text("name", &app.Name)
			names = append(names, app.Name)
		}
		if app.Name != name {
			continue
		}
		t.Text("key", &app.Key)
		t.Texts("extra_keys", &app.ExtraKeys)
		t.Texts("integration_keys", &app.IntegrationKeys)
		if secret {
			t.Text("webhook_secret", &app.WebhookSecret)
		}
		return app, c.root.Noted()
	}
	if err := c.root.Noted(); err != nil {
		return App{}, err
	}
	if len(tables) == 0 {
		return App{}, usage("send: the config has no app; add an [[app]]")
	}
	return App{}, usage("send: there is no app %q; %s", name, spell.Hint(name, names))
}
