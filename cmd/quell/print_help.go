package main

import (
	"slices"

	"github.com/alecthomas/kong"
)

// flagGroups titles the groups that flags name in their tags.
func flagGroups() []kong.Group {
	return []kong.Group{
		{Key: "where", Title: "Other places to hunt:"},
		{Key: "what", Title: "What to look at, and for:"},
		{Key: "out", Title: "What comes out:"},
		{Key: "on", Title: "Hunting on:"},
		{Key: "people", Title: "Who belongs here:"},
		{Key: "aws", Title: "AWS:"},
		{Key: "policy", Title: "What responses may do:"},
		{Key: "every", Title: "Every command:"},
	}
}

// printHelp puts what all commands share behind a command's own flags: it is the same in every help, and known soon.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if command := ctx.Selected(); command != nil && len(command.Children) == 0 {
		shared := ctx.Model.Flags
		ctx.Model.Flags = nil
		every := flagGroups()[len(flagGroups())-1]
		for _, f := range shared {
			if f.Group == nil {
				f.Group = &every
			}
		}
		// Groups come in the order of their first flags.
		order := flagGroups()
		slices.SortStableFunc(shared, func(a, b *kong.Flag) int { return rankOf(order, a) - rankOf(order, b) })
		command.Flags = append(command.Flags, shared...)
	}
	return kong.DefaultHelpPrinter(options, ctx)
}

func rankOf(order []kong.Group, f *kong.Flag) int {
	return slices.IndexFunc(order, func(g kong.Group) bool { return g.Key == f.Group.Key })
}
