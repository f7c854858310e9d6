// Package actions is the list of all actions, which is generated from the folders below it: to add an action, add a file
// (make new-action NAME=service.verb-noun) and run make generate.
//
// What comes in: nothing. What goes out: the catalogue, and the pages of docs/actions and docs/policies made from it. What
// is promised: everything in a folder is in the list, everything in the list has a page. Read package action for what
// an action is, and actions/iam/deactivate_access_key.go for the shortest one.
package actions

//go:generate go run ../internal/catalogue
//go:generate go run ../internal/actiondocs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell/action"
)

// Catalogue holds every action.
func Catalogue() (*action.Catalogue, error) { return action.NewCatalogue(list...) }

// Pages are the generated documents, by path below docs.
func Pages() (map[string]string, error) {
	catalogue, err := Catalogue()
	if err != nil {
		return nil, err
	}
	pages := map[string]string{}
	var index strings.Builder
	index.WriteString("# Actions\n\n| action | phase | target | what |\n|---|---|---|---|\n")
	for _, a := range catalogue.All() {
		pages["actions/"+a.Name+".md"] = action.Describe(a)
		fmt.Fprintf(&index, "| [%s](%s.md) | %s | %s | %s |\n", a.Name, a.Name, a.Phase, a.Target, a.Title)
	}
	pages["actions/README.md"] = index.String()
	for name, permissions := range map[string][]string{
		"policies/reader.json": Reads(catalogue), "policies/responder.json": writes(catalogue),
	} {
		if pages[name], err = policyText(permissions); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// Reads are the permissions of everything that looks, with what finding out the scope needs.
func Reads(c *action.Catalogue) []string {
	set := []string{
		"cloudtrail:LookupEvents", "ec2:DescribeRegions", "iam:GetAccessKeyLastUsed", "iam:GetRole", "iam:GetUser",
		"iam:SimulatePrincipalPolicy", "sts:GetAccessKeyInfo", "sts:GetCallerIdentity",
	}
	for _, a := range c.All() {
		set = append(set, a.ReadPermissions()...)
	}
	slices.Sort(set)
	return slices.Compact(set)
}

func writes(c *action.Catalogue) []string {
	var set []string
	for _, d := range c.Calls {
		set = append(set, d.Actions...)
	}
	slices.Sort(set)
	return slices.Compact(set)
}

func policyText(permissions []string) (string, error) {
	text, err := json.MarshalIndent(map[string]any{
		"Version":   "2012-10-17",
		"Statement": []map[string]any{{"Sid": "Quell", "Effect": "Allow", "Action": permissions, "Resource": "*"}},
	}, "", "  ")
	return string(text) + "\n", err
}
