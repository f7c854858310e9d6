package iam

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
)

// fillInline leaves no room for a deny of ours among the user's inline policies.
func fillInline(t *testing.T, a actiontest.Account, user string) {
	t.Helper()
	padding := strings.Repeat("x", 1900)
	putInline(t, a, user, "padding", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+padding+`"}]}`)
}

// fillAttached uses up all ten attachments.
func fillAttached(t *testing.T, a actiontest.Account, user string) {
	t.Helper()
	for i := range 10 {
		out := sure[*iam.CreatePolicyOutput](t)(client(a).CreatePolicy(t.Context(), &iam.CreatePolicyInput{
			PolicyName:     aws.String(fmt.Sprintf("filler-%d", i)),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`),
		}))
		sure[*iam.AttachUserPolicyOutput](t)(client(a).AttachUserPolicy(t.Context(),
			&iam.AttachUserPolicyInput{UserName: &user, PolicyArn: out.Policy.Arn}))
	}
}

func TestQuarantineUser(t *testing.T) {
	check := func(route string) func(*testing.T, actiontest.Account, quell.Entity) {
		return func(t *testing.T, a actiontest.Account, target quell.Entity) {
			b := newBench(a, QuarantineUser, target, quell.Incident{})
			b.plan(t)
			if !strings.Contains(string(b.in.Before), route) {
				t.Errorf("the deny did not come by %s: %s", route, b.in.Before)
			}
		}
	}
	for _, c := range []actiontest.Case{
		{
			Name: "two keys", Check: check(`"inline":true`),
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeUser(t, a, "alice")
				makeKey(t, a, "alice")
				makeKey(t, a, "alice")
				return target
			},
		},
		{
			Name: "false alarm gives the active key back, not the inactive one", Dismissed: true,
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeUser(t, a, "alice")
				makeKey(t, a, "alice")
				old := makeKey(t, a, "alice")
				sure[*iam.UpdateAccessKeyOutput](t)(client(a).UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
					UserName: aws.String("alice"), AccessKeyId: old.AccessKeyId, Status: types.StatusTypeInactive,
				}))
				return target
			},
		},
		{
			Name: "inline full: attached", Check: check(`"attached":true`),
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeUser(t, a, "alice")
				fillInline(t, a, "alice")
				return target
			},
		},
		{
			Name: "inline and attached full: boundary", Check: check(`"boundary":"arn:aws:iam::aws:policy/AWSDenyAll"`),
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeUser(t, a, "alice")
				fillInline(t, a, "alice")
				fillAttached(t, a, "alice")
				sure[*iam.PutUserPermissionsBoundaryOutput](t)(client(a).PutUserPermissionsBoundary(t.Context(),
					&iam.PutUserPermissionsBoundaryInput{
						UserName: aws.String("alice"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/PowerUserAccess"),
					}))
				return target
			},
		},
	} {
		c.Action = QuarantineUser
		if strings.Contains(c.Name, "full") {
			contractInSandbox(t, noQuotas, c)
			continue
		}
		contract(t, c)
	}
}

func TestQuarantineIsPutBack(t *testing.T) {
	user, ours := "alice", action.MadeName("q-0123456789")
	for _, tc := range []struct {
		name   string
		attack func(t *testing.T, a actiontest.Account)
		want   []string
	}{
		{"the deny is taken off", func(t *testing.T, a actiontest.Account) {
			sure[*iam.DeleteUserPolicyOutput](t)(client(a).DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: &user, PolicyName: &ours}))
		}, []string{"iam:PutUserPolicy"}},
		{"the deny is rewritten to an allow", func(t *testing.T, a actiontest.Account) {
			putInline(t, a, user, ours, `{"Version":"2012-10-17","Statement":[{"Sid":"QuellDenyAll","Effect":"Allow","Action":"*","Resource":"*"}]}`)
		}, []string{"iam:PutUserPolicy"}},
		{"a condition is slipped into the deny", func(t *testing.T, a actiontest.Account) {
			putInline(t, a, user, ours, `{"Version":"2012-10-17","Statement":[{"Sid":"QuellDenyAll","Effect":"Deny","Action":"*","Resource":"*",`+
				`"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`)
		}, []string{"iam:PutUserPolicy"}},
		{"a new key is made and the tag is taken off", func(t *testing.T, a actiontest.Account) {
			makeKey(t, a, user)
			sure[*iam.UntagUserOutput](t)(client(a).UntagUser(t.Context(), &iam.UntagUserInput{UserName: &user, TagKeys: []string{action.TagKey}}))
		}, []string{"iam:UpdateAccessKey", "iam:TagUser"}},
		{"the same deny, spelled otherwise, is left alone", func(t *testing.T, a actiontest.Account) {
			putInline(t, a, user, ours, `{"Statement": [ {"Resource":"*","Action":"*","Effect":"Deny","Sid":"QuellDenyAll"} ], "Version":"2012-10-17"}`)
		}, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := inSandbox(t)
			target := makeUser(t, a, user)
			makeKey(t, a, user)
			b := newBench(a, QuarantineUser, target, quell.Incident{})
			if out := b.apply(t); !out.Settled {
				t.Fatalf("not settled: %v", opsOf(out.Calls))
			}
			tc.attack(t, a)
			if diff := cmp.Diff(tc.want, opsOf(b.plan(t).Calls)); diff != "" {
				t.Errorf("the plan after the attack differs:\n%s", diff)
			}
			if out := b.apply(t); !out.Settled {
				t.Errorf("not settled again: %v", opsOf(out.Calls))
			}
		})
	}
}

func TestQuarantineGivesNoInverseToALaterKey(t *testing.T) {
	a := inSandbox(t)
	b := newBench(a, QuarantineUser, makeUser(t, a, "alice"), quell.Incident{})
	b.plan(t)
	makeKey(t, a, "alice") // the intruder's, after the first look
	for _, c := range b.plan(t).Calls {
		if c.Op == "iam:UpdateAccessKey" && c.Undo != nil {
			t.Errorf("a key that the first look did not see would be made active again by %s", c.Undo.Op)
		}
	}
}

// Every action on a user keeps off a user that another incident holds, and off one made anew under the old name.
func TestUsersThatAreNotOurs(t *testing.T) {
	since := quell.Incident{Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, act := range []*action.Action{QuarantineUser, DisableConsole, DisableServiceCreds, DeleteRogueUser} {
		t.Run(act.Name, func(t *testing.T) {
			a := inSandbox(t)
			held := makeUser(t, a, "held", types.Tag{Key: aws.String(action.TagKey), Value: aws.String("q-other")})
			if out := newBench(a, act, held, since).plan(t); !strings.Contains(out.Refused, "another responder holds") || len(out.Calls) > 0 {
				t.Errorf("a user held by another incident: refused %q, calls %v", out.Refused, opsOf(out.Calls))
			}
			old := makeUser(t, a, "twice")
			sure[*iam.DeleteUserOutput](t)(client(a).DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: &old.Name}))
			makeUser(t, a, "twice")
			if out := newBench(a, act, old, since).plan(t); !strings.Contains(out.Refused, "made again") || len(out.Calls) > 0 {
				t.Errorf("a user made anew: refused %q, calls %v", out.Refused, opsOf(out.Calls))
			}
			gone := quell.Entity{Kind: quell.KindUser, ID: "AIDAGONEGONEGONEGONEG", Name: "gone", Account: a.ID}
			if out := newBench(a, act, gone, since).plan(t); !out.Settled || out.Refused != "" {
				t.Errorf("a user that is gone: settled %v, refused %q", out.Settled, out.Refused)
			}
		})
	}
}
