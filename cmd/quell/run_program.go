package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"unicode"
	"unicode/utf16"

	"github.com/alecthomas/kong"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

// Main is the program with everything it reaches, so that tests start the real one.
type Main struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Clock          quell.Clock
	cli            CLI
	who            *hunt.People // once loaded
}

// NewMain is the program on the real process.
func NewMain() *Main {
	return &Main{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Clock: quell.WallClock{}}
}

// Exit statuses. Scripts depend on them.
const (
	exitOK = iota
	exitFailed
	exitUsage
	exitFound
	exitWaiting
	exitRefused
	exitLeaking
)

var exitOf = map[quell.ErrorCode]int{
	quell.CodeFailed: exitFailed, quell.CodeUsage: exitUsage, quell.CodeWaiting: exitWaiting,
	quell.CodeRefused: exitRefused, quell.CodeLeaking: exitLeaking,
}

// exit is a status that is no error: what was asked was done, and the status says what was found.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Run runs one command line and returns the exit status.
func (m *Main) Run(ctx context.Context, args []string) (status int) {
	left := -1
	parser, err := kong.New(&m.cli,
		kong.Name("quell"),
		kong.Description("Answers security incidents in AWS, from the first log line to the last lesson."),
		kong.Writers(m.Stdout, m.Stderr),
		kong.Exit(func(code int) { left = code; panic(left) }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ExplicitGroups(flagGroups()),
		kong.Help(printHelp),
		kong.Resolvers(fileSettings(m.Getenv, args)),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Vars{"home": defaultHome(m.Getenv)},
	)
	if err != nil {
		fmt.Fprintln(m.Stderr, "quell:", err)
		return exitUsage
	}
	// kong leaves through Exit for --help; that is the one panic caught here.
	defer func() {
		if r := recover(); r != nil {
			if code, ok := r.(int); ok && code == left {
				status = code
				return
			}
			panic(r)
		}
	}()
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(m.Stderr, "quell: %s\n", quell.Clean(err.Error()))
		fmt.Fprintln(m.Stderr, "see `quell --help`")
		return exitUsage
	}
	level := slog.LevelWarn
	if m.cli.Verbose {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(m.Stderr, &slog.HandlerOptions{Level: level})))
	err = parsed.Run(m)
	return m.status(err)
}

// status turns an error into words on stderr and an exit status.
func (m *Main) status(err error) int {
	var code exit
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(m.Stderr, "quell: interrupted; what was done is recorded, `quell run` goes on")
		return exitFailed
	}
	fmt.Fprintf(m.Stderr, "quell: %s\n", quell.Clean(err.Error()))
	return exitOf[quell.CodeOf(err)]
}

// printJSON writes the one JSON value of a --json run.
func (m *Main) printJSON(v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return m.writeJSON(text.Bytes())
}

// writeJSON writes text that is JSON already. What a terminal acts on is escaped: the encoder leaves C1 controls and
// bidirectional overrides as they are, and they can stand only inside strings, where an escape means the same.
func (m *Main) writeJSON(text []byte) error {
	var out bytes.Buffer
	out.Grow(len(text))
	for _, r := range string(text) {
		switch {
		case r < 0x7f || !unicode.In(r, unicode.Cc, unicode.Cf) && r != '\u2028' && r != '\u2029':
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	if _, err := out.WriteTo(m.Stdout); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// say writes a line of progress.
func (m *Main) say(format string, args ...any) {
	fmt.Fprintf(m.Stderr, format+"\n", args...)
}
