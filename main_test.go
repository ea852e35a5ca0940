package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// captured carries out one command and returns what it printed and its exit code.
func captured(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	out, outText := redirect(t, &os.Stdout)
	err, errText := redirect(t, &os.Stderr)
	code = run(args)
	out()
	err()
	return <-outText, <-errText, code
}

// redirect turns an output of the process into text until restore is called.
func redirect(t *testing.T, file **os.File) (restore func(), text <-chan string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := *file
	*file = write
	all := make(chan string, 1)
	go func() {
		data, err := io.ReadAll(read)
		if err != nil {
			t.Error(err)
		}
		all <- string(data)
	}()
	return func() {
		*file = before
		if err := write.Close(); err != nil {
			t.Error(err)
		}
	}, all
}

func TestCommands(t *testing.T) {
	f := func(wantOut, wantErr string, wantCode int, args ...string) {
		t.Helper()
		stdout, stderr, code := captured(t, args...)
		if stdout != wantOut || stderr != wantErr || code != wantCode {
			t.Errorf("edgerelay %s\nprints %q, %q and exits with %d\nwant   %q, %q and %d",
				strings.Join(args, " "), stdout, stderr, code, wantOut, wantErr, wantCode)
		}
	}
	f("config.toml: fine: 1 app, 1 webhook\n", "", 0, "check")
	f("config.toml: fine: 1 app, 1 webhook\n", "", 0, "check", "--config", "config.toml")
	f("", "edgerelay: unknown flag --confg, did you mean \"--config\"?; run \"edgerelay --help\" for the commands and flags\n", 2, "check", "--confg=x")
	f("", "no.toml: there is no such file; name an existing one with --config, or leave --config out for the built-in one\n",
		2, "check", "--config", "no.toml")

	t.Chdir(t.TempDir())
	f("config.toml (built in): fine: 1 app, 1 webhook\n", "", 0, "check")
	if err := os.WriteFile("config.toml", []byte("[intake]\nlistn = ''\nbody_max = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("", "config.toml:2: intake.listn: unknown key; did you mean \"listen\"?\n"+
		"config.toml:3: intake.body_max: must be a size in quotes such as \"64MiB\", not a number\n", 2, "check")
}

func TestVersionCommand(t *testing.T) {
	stdout, stderr, code := captured(t, "version")
	if !strings.HasPrefix(stdout, "edgerelay ") || strings.Count(stdout, "\n") != 1 || stderr != "" || code != 0 {
		t.Errorf("prints %q, %q and exits with %d", stdout, stderr, code)
	}
}

func TestWrongUsage(t *testing.T) {
	stdout, stderr, code := captured(t, "no-such-command")
	if stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "edgerelay --help") || code != 2 {
		t.Errorf("prints %q, %q and exits with %d", stdout, stderr, code)
	}
}
