package relay

import (
	"errors"
	"strings"
	"testing"
)

// clientOf opens a text as a client does that has only these environment variables.
func clientOf(t *testing.T, text string, variables map[string]string) *Client {
	t.Helper()
	c, err := newClient("f", []byte(text), func(name string) (string, bool) {
		value, set := variables[name]
		return value, set
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const clientFile = `
[intake]
listen = ":9484"
tls_cert = "${CERT}"
cors_origins = "wrong"
[console]
listen = "127.0.0.1:${CONSOLE_PORT}"
token = "${TOKEN}"
[smtp]
password = "${SMTP_PASSWORD}"
[[app]]
name = "first"
key = "first-key"
integration_keys = ["first-servers"]
webhook_secret = "${WEBHOOK_SECRET}"
[[app]]
name = "second"
key = "${SECOND_KEY}"
[[webhook]]
name = "crm"
url = "${CRM}"
`

// TestClientReadsWhatItNeeds: nothing that is not asked for must be set, or right.
func TestClientReadsWhatItNeeds(t *testing.T) {
	c := clientOf(t, clientFile, nil)
	app, err := c.App("", false)
	if err != nil || app.Key != "first-key" || len(app.IntegrationKeys) != 1 {
		t.Errorf("%+v, %v", app, err)
	}
	if base, err := c.Intake(); err != nil || base != "https://127.0.0.1:9484" {
		t.Errorf("%s, %v", base, err)
	}
	if base, err := clientOf(t, clientFile, map[string]string{"CERT": ""}).Intake(); err != nil || base != "http://127.0.0.1:9484" {
		t.Errorf("%s, %v", base, err)
	}
	known := map[string]string{"CONSOLE_PORT": "9485", "SECOND_KEY": "k2", "WEBHOOK_SECRET": "s"}
	if listen, err := clientOf(t, clientFile, known).Console(); err != nil || listen != "127.0.0.1:9485" {
		t.Errorf("%s, %v", listen, err)
	}
	if app, err := clientOf(t, clientFile, known).App("second", true); err != nil || app.Key != "k2" {
		t.Errorf("%+v, %v", app, err)
	}
	if app, err := clientOf(t, clientFile, known).App("first", true); err != nil || app.WebhookSecret != "s" {
		t.Errorf("%+v, %v", app, err)
	}
	empty := clientOf(t, "", nil)
	if base, err := empty.Intake(); err != nil || base != "http://127.0.0.1:8484" {
		t.Errorf("%s, %v", base, err)
	}
}

// TestClientFaults: what is asked for and missing is told with its line.
func TestClientFaults(t *testing.T) {
	f := func(ask func(c *Client) error, want string) {
		t.Helper()
		err := ask(clientOf(t, clientFile, nil))
		var faults Faults
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Client) error { _, err := c.Console(); return err }, "f:7: console.listen: the environment variable CONSOLE_PORT is not set")
	f(func(c *Client) error { _, err := c.ConsoleToken(); return err }, "f:8: console.token: the environment variable TOKEN is not set")
	f(func(c *Client) error { _, err := c.App("second", false); return err }, `f:18: app "second": key: the environment variable SECOND_KEY is not set`)
	f(func(c *Client) error { _, err := c.App("first", true); return err }, `f:15: app "first": webhook_secret: the environment variable WEBHOOK_SECRET`)
	for text, want := range map[string]string{clientFile: `send: there is no app "secnd"; did you mean "second"?`, "": "send: the config has no app; add an [[app]]"} {
		if _, err := clientOf(t, text, nil).App("secnd", false); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
