package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/actions"
	"github.com/quell-ir/quell/source/scope"
)

// DoctorCmd is `quell doctor`.
type DoctorCmd struct{}

// diagnosis says whether an action could be carried out by the credentials at hand.
type diagnosis struct {
	Action  string   `json:"action"`
	Can     string   `json:"can"` // yes, no, unknown
	Missing []string `json:"missing"`
	Why     string   `json:"why,omitempty"`
}

// Run implements the command.
func (c *DoctorCmd) Run(ctx context.Context, m *Main) (err error) {
	h, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	base, err := m.awsConfig(ctx)
	if err != nil {
		return err
	}
	who, err := sts.NewFromConfig(base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return &quell.Error{
			Code: quell.CodeFailed, What: "the AWS credentials at hand do not work", Err: err,
			Next: "sign in (aws sso login), or set AWS_PROFILE or --profile",
		}
	}
	arn := aws.ToString(who.Arn)
	list := h.desk.Actions.All()
	set := map[string]bool{}
	for _, p := range actions.Reads(h.desk.Actions) {
		set[p] = true
	}
	for _, a := range list {
		for _, p := range a.Permissions() {
			set[p] = true
		}
	}
	reader := scope.Reader{
		Config: func(context.Context, string) (aws.Config, error) { return base, nil }, Clock: m.Clock, Home: base.Region,
	}
	decisions, why := reader.Simulate(ctx, principalARN(arn), slices.Sorted(maps.Keys(set)))
	out := []diagnosis{diagnose("find out the scope", scopeReads, decisions, why)}
	for _, a := range list {
		out = append(out, diagnose(a.Name, a.Permissions(), decisions, why))
	}
	if m.cli.JSON {
		if err := m.printJSON(map[string]any{"account": aws.ToString(who.Account), "principal": arn, "actions": out}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(m.Stdout, "account %s, as %s\n", aws.ToString(who.Account), quell.Clean(arn))
		w := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ACTION\tCAN WE\tMISSING")
		for _, d := range out {
			fmt.Fprintf(w, "%s\t%s\t%s\n", d.Action, d.Can, quell.Cut(strings.Join(append(d.Missing, d.Why), " "), 100))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	for _, d := range out {
		if d.Can == "no" {
			return exit(exitFailed)
		}
	}
	return nil
}

// scopeReads is what finding out who did what needs.
var scopeReads = []string{
	"cloudtrail:LookupEvents", "ec2:DescribeRegions", "iam:GetAccessKeyLastUsed", "iam:GetRole", "iam:GetUser",
	"sts:GetAccessKeyInfo", "sts:GetCallerIdentity",
}

func diagnose(name string, permissions []string, decisions scope.Judgements, why string) diagnosis {
	d := diagnosis{Action: name, Can: "yes", Missing: []string{}}
	unknown := false
	for _, p := range permissions {
		allowed, judged := decisions[p]
		switch {
		case !judged:
			unknown = true
		case !allowed:
			d.Missing = append(d.Missing, p)
		}
	}
	switch {
	case len(d.Missing) > 0:
		d.Can = "no"
	case unknown:
		d.Can, d.Why = "unknown", why
	}
	return d
}
