package bench

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// carryOut runs one command of the real binary in a folder.
func carryOut(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestCommands(t *testing.T) {
	dir := t.TempDir()
	f := func(wantOut, wantErr string, wantCode int, args ...string) {
		t.Helper()
		stdout, stderr, code := carryOut(t, dir, args...)
		if stdout != wantOut || stderr != wantErr || code != wantCode {
			t.Errorf("edgerelay %s\nprints %q, %q and exits with %d\nwant   %q, %q and %d",
				strings.Join(args, " "), stdout, stderr, code, wantOut, wantErr, wantCode)
		}
	}
	f("config.toml (built in): fine: 1 app, 1 webhook\n", "", 0, "check")
	f("", "edgerelay: unknown flag --confg, did you mean \"--config\"?; run \"edgerelay check --help\" to see what it takes\n", 2, "check", "--confg=x")
	f("", "edgerelay: there is no command \"chek\"; did you mean \"check\"?\n", 2, "chek")
	f("", "edgerelay: unknown flag --foo; run \"edgerelay --help\" to see what it takes\n", 2, "--foo")
	f("", "edgerelay: expected \"<name>\"; run \"edgerelay webhook show --help\" to see what it takes\n", 2, "webhook", "show")
	help, _, _ := carryOut(t, dir, "sink", "--help")
	f(help, "", 0, "help", "sink")
	f("", "no.toml: there is no such file; name an existing one with --config, or leave --config out for the built-in one\n",
		2, "check", "--config", "no.toml")
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte("[intake]\nlistn = ''\nbody_max = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("", "config.toml:2: intake.listn: unknown key; did you mean \"listen\"?\n"+
		"config.toml:3: intake.body_max: must be a size in quotes such as \"64MiB\", not a number\n", 2, "check")
}

// TestCommandsNeedOnlyTheirOwn: what a command does not use of the config need not be set where it is given, nor be right.
func TestCommandsNeedOnlyTheirOwn(t *testing.T) {
	dir := t.TempDir()
	const config = "[intake]\nlisten = \"127.0.0.1:1\"\n[console]\nlisten = \"127.0.0.1:2\"\n[smtp]\npassword = \"${EDGERELAY_TEST_UNSET}\"\n" +
		"[[app]]\nname = \"demo\"\nkey = \"k\"\n[[webhook]]\nname = \"crm\"\nurl = 7\n"
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(wantOut, wantErr string, wantCode int, args ...string) {
		t.Helper()
		stdout, stderr, code := carryOut(t, dir, args...)
		if !strings.Contains(stdout, wantOut) || !strings.Contains(stderr, wantErr) || code != wantCode {
			t.Errorf("edgerelay %s prints %q, %q and exits with %d", strings.Join(args, " "), stdout, stderr, code)
		}
	}
	f("", "config.toml:6: smtp.password: the environment variable EDGERELAY_TEST_UNSET is not set", 2, "check")
	f("", "is the relay running? start it with: edgerelay\n", 1, "send", "pageLoaded")
	f("", "no relay answers at http://127.0.0.1:2; start it", 1, "webhook", "list")
	f("amplitude     Amplitude", "", 0, "webhook", "types")
	f("also               method, body\n", "", 0, "webhook", "types", "custom")
	f("", "no relay answers at http://127.0.0.1:2", 1, "webhook", "types", "--console", "http://127.0.0.1:2")
}

// TestServeSaysThatItsConfigIsBuiltIn: who starts the relay in the wrong folder is told. A file where the data belong ends it.
func TestServeSaysThatItsConfigIsBuiltIn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := carryOut(t, dir)
	if !strings.Contains(stderr, "there is no config.toml in this folder, the one built in is in force") || code != 1 {
		t.Errorf("edgerelay prints %q and exits with %d", stderr, code)
	}
}

func TestWrongUsageExitsWithTwo(t *testing.T) {
	for _, args := range [][]string{{"no-such-command"}, {"send", "nope"}, {"send", "--app", "nope"}, {"bench", "nope"},
		{"sink", "--status", "99"}, {"torture", "--for", "0s"}} {
		stdout, stderr, code := carryOut(t, t.TempDir(), args...)
		if stdout != "" || strings.Count(stderr, "\n") != 1 || code != 2 {
			t.Errorf("edgerelay %s prints %q, %q and exits with %d", strings.Join(args, " "), stdout, stderr, code)
		}
	}
}

func TestVersionCommand(t *testing.T) {
	stdout, stderr, code := carryOut(t, t.TempDir(), "version")
	if !strings.HasPrefix(stdout, "edgerelay ") || strings.Count(stdout, "\n") != 1 || stderr != "" || code != 0 {
		t.Errorf("prints %q, %q and exits with %d", stdout, stderr, code)
	}
}
