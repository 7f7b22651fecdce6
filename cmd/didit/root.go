package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
)

// tool is one run of the program.
type tool struct {
	in        io.Reader
	out, errs io.Writer
	format    string // of what is printed
	api       clientFlags
	options   []didit.Option // of every client, for tests
	began     bool           // the command line was understood, and the command has begun
}

// run runs the command that args name and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer, options ...didit.Option) int {
	t := &tool{in: in, out: out, errs: errs, options: options}
	root := t.root()                          //nolint:contextcheck // cobra hands it to the command that runs
	root.SetArgs(append([]string{}, args...)) // nil would be the process's own
	cmd, err := root.ExecuteContextC(ctx)
	return t.end(ctx, cmd, err)
}

const (
	groupOne  = "one"
	groupMany = "many"
	groupMore = "more"
)

func (t *tool) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "didit",
		Short: "Share and import verified identities with Didit's Share Session API",
		Long: `Share and import verified identities with Didit's Share Session API.

The key is in the environment variable DIDIT_API_KEY, or in a file that
--key-file names. A share token is printed with --reveal only, and personal
data by "get --full" and "pdf" only.

Exit codes: 0 done, 1 refused, 2 the command line is wrong, 75 try again.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.errs)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages", "Flags.FlagUsagesWrapped 80"))
	root.SetVersionTemplate("didit {{.Version}}\n")
	root.Flags().Bool("version", false, "print the version") // cobra's own would be -v
	root.PersistentFlags().StringVarP(&t.format, "output", "o", formatTable, "`format` of what is printed: table for people, json for programs")
	complete(root, "output", formatTable, formatJSON)
	root.AddGroup(
		&cobra.Group{ID: groupOne, Title: "One person or company:"},
		&cobra.Group{ID: groupMany, Title: "Many:"},
		&cobra.Group{ID: groupMore, Title: "Around it:"},
	)
	for group, all := range map[string][]*cobra.Command{
		groupOne:  {t.shareCommand(), t.importCommand(), t.findCommand(), t.getCommand(), t.listCommand(), t.pdfCommand(), t.tokenCommand()},
		groupMany: {t.bulkCommand(), t.jobsCommand(), t.auditCommand()},
		groupMore: {t.webhookCommand(), t.sandboxCommand()},
	} {
		for _, c := range all {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID(groupMore)
	root.SetCompletionCommandGroupID(groupMore)
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Args = func(_ *cobra.Command, args []string) error {
		if _, rest, err := root.Find(args); err != nil || len(rest) > 0 {
			return usageError(fmt.Sprintf("there is no command %q", strings.Join(args, " ")))
		}
		return nil
	}
	return root
}

// do is how every command runs: what fails before it is the command line's fault.
func (t *tool) do(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if t.format != formatTable && t.format != formatJSON {
			return usageError("--output must be table or json")
		}
		t.began = true
		return f(cmd.Context(), args)
	}
}

// parent is a command that only has others.
func parent(c *cobra.Command, all ...*cobra.Command) *cobra.Command {
	names := make([]string, len(all))
	for i, child := range all {
		names[i] = child.Name()
	}
	c.AddCommand(all...)
	c.RunE = func(*cobra.Command, []string) error {
		return usageError("which one? There are: " + strings.Join(names, ", "))
	}
	return c
}

// arguments takes exactly the ones that are named.
func arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == len(names):
			return nil
		case len(names) == 0:
			return usageError("takes no arguments")
		}
		return usageError(fmt.Sprintf("takes %s: %d were given", strings.Join(names, " and "), len(args)))
	}
}

// complete offers the words that a flag takes.
func complete(c *cobra.Command, flag string, words ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

// version is the module's, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
