package hunt_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/people"
	"github.com/quell-ir/quell/hunt"
)

// sharing are the rules that ask for the organisation's accounts.
func sharing(t *testing.T) []*detect.Rule {
	t.Helper()
	rules, problems := hunt.LoadWhole(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return slices.DeleteFunc(rules, func(r *detect.Rule) bool {
		return !slices.ContainsFunc(r.Asks(), func(name string) bool { return strings.Contains(name, "own_account") })
	})
}

// matchesWith judges a record by one rule where these accounts are one's own.
func matchesWith(t *testing.T, r *detect.Rule, record string, own ...string) bool {
	t.Helper()
	lists := people.Lists{Accounts: own}
	program, problems := detect.Compile([]*detect.Rule{r}, detect.Options{Placeholders: lists.Placeholders()})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return len(program.NewWorker().One([]byte(record))) == 1
}

// examplesFor are a rule's matching records as JSON.
func examplesFor(t *testing.T, r *detect.Rule) []string {
	t.Helper()
	examples, _ := r.Custom["examples"].(map[string]any)
	list, _ := examples["matching"].([]any)
	var out []string
	for _, e := range list {
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(raw))
	}
	if len(out) == 0 {
		t.Fatalf("%s has no matching example", r.Path)
	}
	return out
}

// Each example of sharing with a stranger is none where the stranger is one of us, and stays one for any other list.
func TestOwnAccountsAreNotForeign(t *testing.T) {
	const here, stranger, other = "111122223333", "444455556666", "777788889999"
	rules := sharing(t)
	if len(rules) < 10 {
		t.Fatalf("only %d rules ask for own accounts", len(rules))
	}
	for _, r := range rules {
		if examples, _ := r.Custom["examples"].(map[string]any); examples["placeholders"] != nil {
			continue // it needs the list, and its examples say which
		}
		t.Run(r.Name, func(t *testing.T) {
			for _, record := range examplesFor(t, r) {
				if !strings.Contains(record, stranger) {
					continue // about everybody, who is never one of us
				}
				for _, tt := range []struct {
					own  []string
					want bool
				}{{nil, true}, {[]string{here}, true}, {[]string{here, other}, true}, {[]string{here, stranger}, false}, {[]string{stranger}, false}} {
					if got := matchesWith(t, r, record, tt.own...); got != tt.want {
						t.Errorf("own %v: matched %v", tt.own, got)
					}
				}
			}
		})
	}
}

// A stranger beside one of us, or everybody beside one of us, is not excused by the company.
func TestMixedSharingIsForeign(t *testing.T) {
	const here, own, stranger = "111122223333", "444455556666", "777788889999"
	byName := map[string]*detect.Rule{}
	for _, r := range sharing(t) {
		byName[r.Name] = r
	}
	account := regexp.MustCompile(`(\\?"|)(arn:aws:iam::)?` + own + `(:root)?(\\?")`)
	for name, change := range map[string]func(string) string{
		"iam-trust-foreign-account": func(s string) string {
			return account.ReplaceAllString(s, `[\"arn:aws:iam::`+own+`:root\",\"arn:aws:iam::`+stranger+`:root\"]`)
		},
		"iam-create-role-foreign-trust": func(s string) string {
			return account.ReplaceAllString(s, `[\"`+here+`\",\"`+own+`\",\"`+stranger+`\"]`)
		},
		"kms-open-key-policy":         func(s string) string { return account.ReplaceAllString(s, `[\"arn:aws:iam::`+own+`:root\", \"*\"]`) },
		"secretsmanager-share-secret": func(s string) string { return strings.Replace(s, `\"Principal\"`, `\"NotPrincipal\"`, 1) },
		"s3-share-bucket-foreign": func(s string) string {
			return account.ReplaceAllString(s, `["arn:aws:iam::`+here+`:root","arn:aws:iam::`+stranger+`:root"]`)
		},
		"ec2-share-image": func(s string) string {
			return strings.Replace(s, `{"userId":"`+own+`"}`, `{"userId":"`+own+`"},{"userId":"`+stranger+`"}`, 1)
		},
		"ec2-share-snapshot": func(s string) string {
			return strings.Replace(s, `{"userId":"`+own+`"}`, `{"userId":"`+stranger+`"},{"userId":"`+own+`"}`, 1)
		},
		"rds-share-snapshot": func(s string) string { return strings.Replace(s, `["`+own+`"]`, `["`+own+`","`+stranger+`"]`, 1) },
	} {
		r := byName[name]
		if r == nil {
			t.Errorf("%s does not ask for own accounts", name)
			continue
		}
		record := examplesFor(t, r)[0]
		mixed := change(record)
		if mixed == record || !json.Valid([]byte(mixed)) {
			t.Fatalf("%s: the example was not changed into another record: %s", name, mixed)
		}
		if !matchesWith(t, r, mixed, here, own) {
			t.Errorf("%s: excused %s", name, mixed)
		}
	}
}
