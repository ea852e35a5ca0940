// Command edgerelay takes the traffic of analytics SDKs, makes every event durable, and delivers it to webhooks.
//
// This file is the command line: commands, flags, signals and exit codes. A new command is a field of commands, a type
// with its flags, and a Run method that calls into a package; its error becomes one line and an exit code.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"edgerelay/bench"
	"edgerelay/relay"
	"edgerelay/relay/remote"
	"edgerelay/relay/sink"
	"edgerelay/relay/spell"

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
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Run the relay (the default command)."`
	Check   checkCommand   `cmd:"" help:"Check the config and print every fault in it."`
	Send    sendCommand    `cmd:"" help:"Post sample events to a running relay."`
	Sink    sinkCommand    `cmd:"" help:"Receive deliveries: verify, print or count them."`
	Webhook webhookCommand `cmd:"" help:"Look at, make and change the webhooks of a running relay."`
	Explain explainCommand `cmd:"" help:"Say which webhooks of a running relay would get an event, and why; nothing is sent."`
	Bench   benchCommand   `cmd:"" help:"Measure the relay on this machine, beside reference lines."`
	Torture tortureCommand `cmd:"" help:"Prove that nothing is lost: kill the relay under load, again and again."`
	Version versionCommand `cmd:"" help:"Print version, commit and Go version."`
}

// configFlag is the flag of every command that reads the config.
type configFlag struct {
	Config string `placeholder:"FILE" help:"Config file (default: ./config.toml, or without one the same file as built in)."`
}

type serveCommand struct {
	configFlag
	Debug bool `help:"Log every detail."`
}

func (c *serveCommand) Run(ctx context.Context) error {
	config, file, err := relay.Find(c.Config, builtIn)
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if c.Debug {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if file == relay.BuiltInName {
		logger.Warn("there is no config.toml in this folder, the one built in is in force, with keys that everybody knows", "next", "start it where yours is, or name it with --config")
	}
	r, err := relay.Open(config, logger)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	stopped := reloadOnHangUp(ctx, r, logger)
	err = r.Run(ctx, os.Stdout)
	end()
	<-stopped
	return err
}

// reloadOnHangUp loads the config file again at each SIGHUP, until ctx ends and the returned channel is closed. A faulty
// file changes nothing. The signal stays caught afterwards: by itself it would end the program in the middle of its drain.
func reloadOnHangUp(ctx context.Context, r *relay.Relay, logger *slog.Logger) (stopped <-chan struct{}) {
	hangUp, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangUp, syscall.SIGHUP)
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangUp:
			}
			if _, err := r.Reload(ctx); err != nil {
				logger.Error("the config file was not loaded again, the relay goes on as before", "fault", err)
			}
		}
	}()
	return done
}

type sendCommand struct {
	configFlag
	App    string   `help:"App that sends (default: the first in the config)."`
	Events []string `arg:"" optional:"" name:"event" help:"Kinds of events, by any of their names (default: all there are requests for)."`
}

func (c *sendCommand) Run(ctx context.Context) error {
	client, err := relay.FindClient(c.Config, builtIn)
	if err != nil {
		return err
	}
	return relay.Send(ctx, relay.SendOptions{Client: client, App: c.App, Events: c.Events, Out: os.Stdout})
}

type sinkCommand struct {
	Listen     string        `default:"127.0.0.1:8486" help:"Address to listen on; port 0 takes a free one."`
	Secret     []string      `help:"Secret that deliveries must be signed with; may be repeated."`
	Status     int           `default:"200" help:"Status to answer with."`
	Share      float64       `default:"1" help:"Share of requests that get --status; the others get 200."`
	Delay      time.Duration `help:"Wait before each answer."`
	RetryAfter time.Duration `help:"Retry-After to send with --status."`
	JSON       bool          `help:"Print one JSON object a delivery, with its body."`
	Count      bool          `help:"Count only: a line a second and a summary at the end."`
}

func (c *sinkCommand) Run(ctx context.Context) error {
	o := sink.Options{Listen: c.Listen, Secrets: c.Secret, JSON: c.JSON, Count: c.Count, Delay: c.Delay, RetryAfter: c.RetryAfter}
	if c.Status != 200 {
		o.Status = c.Status
	}
	if o.Status != 0 || c.Share != 1 {
		o.Share = c.Share
	}
	if err := o.Check(); err != nil {
		return usageError{err}
	}
	s, err := sink.New(o)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// consoleFlags are the flags of every command that asks a running relay.
type consoleFlags struct {
	configFlag
	Console string `placeholder:"URL" help:"Console of the relay (default: the config file's)."`
	Token   string `env:"EDGERELAY_TOKEN" help:"Token of the console (default: the config file's)."`
	JSON    bool   `help:"Print what the API answers."`
}

// AfterApply lets the commands below ask for the console, or for the types of destination.
func (f *consoleFlags) AfterApply(k *kong.Context) error {
	return errors.Join(k.BindToProvider(f.open), k.BindToProvider(f.catalog))
}

func (f *consoleFlags) open() (*remote.Console, error) {
	c := &remote.Console{URL: f.Console, Token: f.Token, Out: os.Stdout, JSON: f.JSON}
	if f.Console != "" {
		return c, nil
	}
	err := f.find(c)
	var faults relay.Faults
	if errors.As(err, &faults) { // the relay runs with an environment that this shell need not have
		return nil, append(faults, relay.Faults{{File: faults[0].File,
			Text: "says where the console is, once that is mended; or name it with --console, and its token with EDGERELAY_TOKEN"}}...)
	}
	return c, err
}

// find looks up in the config file what the flags do not say.
func (f *consoleFlags) find(c *remote.Console) error {
	client, err := relay.FindClient(f.Config, builtIn)
	if err != nil {
		return err
	}
	listen, err := client.Console()
	if err != nil {
		return err
	}
	c.URL = remote.Listen(listen)
	if f.Token == "" {
		c.Token, err = client.ConsoleToken()
	}
	return err
}

// catalog is that of the relay whose console is named, else that of this program, which needs neither relay nor file.
func (f *consoleFlags) catalog() (*remote.Catalog, error) {
	return &remote.Catalog{Console: &remote.Console{URL: f.Console, Token: f.Token, Out: os.Stdout, JSON: f.JSON}}, nil
}

type webhookCommand struct {
	consoleFlags
	remote.Webhook
}

type explainCommand struct {
	consoleFlags
	remote.Explain
}

type benchCommand struct {
	Names       []string      `arg:"" optional:"" name:"name" help:"Lines to measure (default: all but memory)."`
	JSON        bool          `help:"Print one JSON object a line."`
	Duration    time.Duration `default:"4s" help:"Time of each measurement."`
	Rounds      int           `default:"3" help:"Rounds of reference and line in turn; medians count."`
	Connections int           `default:"256" help:"Connections of the load generator."`
	Events      int           `default:"300000" help:"Events of the backlog in drain."`
	Dir         string        `help:"Folder for the data of the measured relays (default: the system's temporary one)."`
	Part        string        `hidden:"" help:"Run a reference program."`
	Target      string        `hidden:"" help:"Where the reference program delivers to."`
}

func (c *benchCommand) Run(ctx context.Context) error {
	if c.Part != "" {
		return bench.RunPart(ctx, c.Part, c.Target)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return bench.Run(ctx, c.Names, bench.Options{Program: program, Duration: c.Duration, Rounds: c.Rounds,
		Connections: c.Connections, Events: c.Events, Dir: c.Dir, JSON: c.JSON})
}

type tortureCommand struct {
	For  time.Duration `default:"60s" help:"How long load and kills go on."`
	Seed uint64        `default:"1" help:"Seed of everything random."`
	JSON bool          `help:"Print the result as one JSON object."`
	Dir  string        `help:"Folder for the data (default: the system's temporary one)."`
}

func (c *tortureCommand) Run(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	_, err = bench.Torture(ctx, bench.TortureOptions{Program: program, For: c.For, Seed: c.Seed, JSON: c.JSON, Dir: c.Dir, Out: os.Stdout})
	return err
}

type checkCommand struct {
	consoleFlags
	Running bool `help:"Print what the file would change in the running relay, too."`
}

func (c *checkCommand) Run(ctx context.Context) error {
	config, file, err := relay.Find(c.Config, builtIn)
	if err != nil {
		return err
	}
	if _, err := fmt.Printf("%s: fine: %s\n", file, config.Summary()); err != nil || !c.Running {
		return err
	}
	console, err := c.open()
	if err != nil {
		return err
	}
	text := builtIn
	if file != relay.BuiltInName {
		if text, err = os.ReadFile(file); err != nil {
			return err
		}
	}
	return remote.Compare(ctx, console, file, text)
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
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:], "--help")
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "edgerelay: %s\n", misread(parser, args, err))
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	command.BindTo(ctx, (*context.Context)(nil))
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
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// misread says why arguments cannot be read, and what to do. What is no command, the parser takes for an argument of the
// default one.
func misread(parser *kong.Kong, args []string, err error) string {
	var names []string
	for _, child := range parser.Model.Children {
		names = append(names, child.Name)
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") && !slices.Contains(names, args[0]) {
		return fmt.Sprintf("there is no command %q; %s", args[0], spell.Hint(args[0], names))
	}
	if strings.Contains(err.Error(), "applies to the default command") {
		return fmt.Sprintf(`%v; write flags behind the command, such as "edgerelay check --config FILE"`, err)
	}
	where := "edgerelay"
	var failed *kong.ParseError
	if errors.As(err, &failed) {
		for _, step := range failed.Context.Path {
			if step.Command != nil {
				where = step.Command.FullPath()
			}
		}
	}
	return fmt.Sprintf(`%v; run "%s --help" to see what it takes`, err, where)
}

// usageError marks an error as one of wrong usage.
type usageError struct{ error }

func isUsage(err error) bool {
	var own usageError
	var ofRelay relay.UsageError
	var ofBench bench.UsageError
	var ofRemote remote.UsageError
	return errors.As(err, &own) || errors.As(err, &ofRelay) || errors.As(err, &ofBench) || errors.As(err, &ofRemote)
}
