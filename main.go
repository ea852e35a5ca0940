// Command edgerelay takes the traffic of analytics SDKs, makes every event durable, and delivers it to webhooks.
//
// This file is the command line: commands, flags, signals and exit codes. A new command is a field of commands, a type
// with its flags, and a Run method that calls into a package; its error becomes one line and an exit code.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"edgerelay/relay"

	"github.com/alecthomas/kong"
)

// builtIn is the config that is used where there is no file.
//
//go:embed config.toml
var builtIn []byte

// Exit codes.
const (
	exitFine   = 0
	exitFailed = 1 // at run time
	exitUsage  = 2 // wrong usage or config
)

// commands is the grammar of the command line.
type commands struct {
	Check   checkCommand   `cmd:"" help:"Check the config and print every fault in it."`
	Version versionCommand `cmd:"" help:"Print version, commit and Go version."`
}

// configFlag is the flag of every command that reads the config.
type configFlag struct {
	Config string `placeholder:"FILE" help:"Config file (default: ./config.toml, or without one the same file as built in)."`
}

type checkCommand struct {
	configFlag
}

func (c *checkCommand) Run() error {
	config, file, err := relay.Find(c.Config, builtIn)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s: fine: %s\n", file, config.Summary())
	return err
}

type versionCommand struct{}

func (versionCommand) Run() error {
	_, err := fmt.Println(relay.BuildVersion())
	return err
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run carries out one command and returns the exit code.
func run(args []string) int {
	parser := kong.Must(&commands{}, kong.Name("edgerelay"),
		kong.Description("Takes analytics events, keeps them, and delivers them to webhooks."))
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "edgerelay: %v; run \"edgerelay --help\" for the commands and flags\n", err)
		return exitUsage
	}
	err = command.Run()
	var faults relay.Faults
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &faults):
		fmt.Fprintln(os.Stderr, err)
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "edgerelay: %v\n", err)
	return exitFailed
}
