package relay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"edgerelay/relay/strict"
)

// DefaultFile is the config file that is read when none is named.
const DefaultFile = "config.toml"

// BuiltInName stands for the file's name in faults and summaries when the built-in config is used.
const BuiltInName = "config.toml (built in)"

// Faults is everything that is wrong with a config file, in the order of its lines. Whoever gets one must not start with
// that file: nothing of it is applied.
type Faults = strict.Faults

// Find loads the config file that was named, else DefaultFile, else, when that does not exist, the built-in one. It
// returns the name of what it took.
func Find(named string, builtIn []byte) (*Config, string, error) {
	path := locate(named)
	source := func() (*Config, error) { return Load(path) }
	if path == BuiltInName {
		source = func() (*Config, error) { return LoadBytes(BuiltInName, builtIn) }
	}
	c, err := source()
	if err == nil {
		c.source = func() (*Config, error) {
			next, _, err := Find(named, builtIn) // a file may be there by now
			return next, err
		}
	}
	return c, path, err
}

// locate is the path of the config file that counts, BuiltInName when there is none.
func locate(named string) string {
	if named != "" {
		return named
	}
	if _, err := os.Stat(DefaultFile); errors.Is(err, fs.ErrNotExist) {
		return BuiltInName
	}
	return DefaultFile
}

// Load reads and checks a config file. Every error is of type Faults; one that the file cannot be read has no line.
func Load(path string) (*Config, error) {
	data, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return LoadBytes(path, data)
}

// readConfig reads a config file whole. An error is of type Faults.
func readConfig(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, Faults{{File: path, Text: "there is no such file; name an existing one with --config, or leave --config out for the built-in one"}}
	case err != nil:
		return nil, Faults{{File: path, Text: fmt.Sprintf("%v; make it a file that this user may read", err)}}
	}
	return data, nil
}

// LoadBytes checks the text of a config file. name stands for the file in faults. Environment variables are those of the
// process.
func LoadBytes(name string, data []byte) (*Config, error) {
	return loadBytes(name, data, os.LookupEnv)
}

func loadBytes(name string, data []byte, lookup func(name string) (string, bool)) (*Config, error) {
	c := defaults()
	root, err := strict.Parse(name, data, func(variable string) (string, bool) {
		c.variables = append(c.variables, variable)
		return lookup(variable)
	})
	if err != nil {
		return nil, err
	}
	c.Intake.read(root.Table("intake"))
	console := root.Table("console")
	c.Console.read(console)
	c.Log.read(root.Table("log"))
	c.Delivery.read(root.Table("delivery"))
	mail := c.SMTP.read(root.Table("smtp"))
	c.Telemetry.read(root.Table("telemetry"))
	if c.Intake.Listen == c.Console.Listen && !strings.HasSuffix(c.Intake.Listen, ":0") {
		console.Fault("listen", "is the intake's listener too; give each its own port")
	}
	apps := c.readApps(root)
	c.readWebhooks(root, apps, mail)
	c.readCatalog(root, apps)
	if err := root.Err(); err != nil {
		return nil, err
	}
	return c, nil
}
