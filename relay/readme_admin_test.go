package relay

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeAdmin sends what the README's section on the admin API has curl send, one after the other.
func TestReadmeAdmin(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Admin API\n")
	section, _, _ = strings.Cut(section, "\n## ")
	r := run(t, "[delivery]\nallow_private = true\n[[app]]\nname = \"demo\"\nkey = \"demo-key\"\n")
	variables, sent := map[string]string{}, 0
	for line := range strings.Lines(section) {
		command, code := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		if !code {
			continue
		}
		if name, value, set := strings.Cut(command, "="); set && !strings.Contains(name, " ") {
			variables[name] = strings.Trim(value, "'")
			continue
		}
		command = strings.ReplaceAll(command, "http://127.0.0.1:8485", r.console)
		r.curl(command, func(name string) string {
			return strings.ReplaceAll(variables[name], "http://127.0.0.1:8485", r.console)
		})
		sent++
	}
	if sent < 10 {
		t.Errorf("%d commands were found", sent)
	}
}

var words = regexp.MustCompile(`'[^']*'|"[^"]*"|[^ ]+`)

// curl does what curl does with the options that the README uses.
func (r *running) curl(command string, variable func(name string) string) {
	r.t.Helper()
	method, target, body, header := "", "", "", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	var args []string
	for _, word := range words.FindAllString(command, -1) {
		if word[0] != '\'' {
			word = os.Expand(strings.Trim(word, `"`), variable)
		}
		args = append(args, strings.Trim(word, "'"))
	}
	for args = args[1:]; len(args) > 0; args = args[1:] {
		switch option := args[0]; option {
		case "-X", "-d", "-H":
			args = args[1:]
			name, value, _ := strings.Cut(args[0], ": ")
			switch option {
			case "-X":
				method = args[0]
			case "-d":
				body = args[0]
			default:
				header.Set(name, value)
			}
		case "-N":
		default:
			target = args[0]
		}
	}
	if body == "" {
		header.Del("Content-Type")
	} else if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if header.Get("Accept") == "text/event-stream" { // it does not end by itself
		if line, err := bufio.NewReader(resp.Body).ReadString('\n'); resp.StatusCode != 200 || err != nil || line == "" {
			r.t.Errorf("%s: %d %q, %v", command, resp.StatusCode, line, err)
		}
		return
	}
	if text, err := io.ReadAll(resp.Body); resp.StatusCode >= 300 || err != nil {
		r.t.Errorf("%s: %d %s, %v", command, resp.StatusCode, text, err)
	}
}
