package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell/sandbox/policy"
)

// Seeding writes no record and takes hold at once: it is the account as it was before the story begins. A mistake in a
// seed is a mistake in the program, so these functions panic.

// AddUser makes a user with a key and the given policies, each the name or ARN of a managed policy or a document.
func (w *World) AddUser(name string, policies ...string) aws.Credentials {
	return w.addUserTo(w.home, name, policies)
}

// AddOutsider makes an administrator of another account, such as an intruder's own: a trust or bucket policy may let
// that account in.
func (w *World) AddOutsider(accountID, name string) aws.Credentials {
	w.mu.Lock()
	a := w.accounts[accountID]
	if a == nil {
		a = w.addAccount(accountID)
	}
	w.mu.Unlock()
	return w.addUserTo(a, name, []string{"AdministratorAccess"})
}

func (w *World) addUserTo(a *account, name string, policies []string) aws.Credentials {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	path, name := splitPath(name)
	if a.users[name] != nil {
		panic("sandbox: user " + name + " was added twice")
	}
	u := &user{principal: w.newPrincipal(a, "user", "AIDA", path, name, seeded(now))}
	a.users[name] = u
	a.grant(&u.principal, policies)
	k := w.addKey(a, u, nil)
	k.created = u.created
	a.spread(&u.principal, now)
	return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, AccountID: a.id, Source: "sandbox"}
}

// seeded is when things that were always there were made: a year before the story.
func seeded(now time.Time) time.Time { return now.AddDate(-1, 0, 0) }

// AddKey gives an existing user its second key.
func (w *World) AddKey(name string) aws.Credentials {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.addKey(w.home, w.home.users[name], nil)
	return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, AccountID: w.home.id, Source: "sandbox"}
}

// AddRole makes a role and returns its ARN. Its sessions may last twelve hours. A path may lead the name: /ops/deploy.
func (w *World) AddRole(name, trust string, policies ...string) string {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	doc, err := w.parseTrust(&trust)
	if err != nil {
		panic(fmt.Sprintf("sandbox: trust policy of role %s: %v", name, err))
	}
	path, name := splitPath(name)
	r := &role{principal: w.newPrincipal(w.home, "role", "AROA", path, name, seeded(now)), account: w.home, maxSession: 43200}
	r.trust, r.trustDoc = trust, doc
	w.home.roles[name] = r
	w.home.grant(&r.principal, policies)
	w.home.spread(&r.principal, now)
	return r.arn
}

// AddGroup makes a group with members.
func (w *World) AddGroup(name string, members []string, policies ...string) {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	g := &group{principal: w.newPrincipal(w.home, "group", "AGPA", "/", name, seeded(now))}
	w.home.groups[name] = g
	w.home.grant(&g.principal, policies)
	for _, member := range members {
		u := w.home.users[member]
		u.join(g)
		w.home.spread(&u.principal, now)
	}
}

func splitPath(name string) (path, last string) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "/", name
	}
	return name[:i+1], name[i+1:]
}

// grant attaches what is the name or ARN of a managed policy and embeds what is a document.
func (a *account) grant(p *principal, policies []string) {
	for i, one := range policies {
		if strings.HasPrefix(strings.TrimSpace(one), "{") {
			name := fmt.Sprintf("inline-%d", i+1)
			doc, err := parseIdentity(one, p.kind+"_"+p.name+"_"+name, p.kind)
			if err != nil {
				panic(fmt.Sprintf("sandbox: policy %d of %s: %v", i+1, p.name, err))
			}
			p.inline = append(p.inline, inlinePolicy{name, one, doc})
			continue
		}
		arn := one
		if !strings.HasPrefix(arn, "arn:") {
			arn = "arn:aws:iam::aws:policy/" + one
		}
		if a.policy(arn) == nil {
			panic("sandbox: no managed policy " + one)
		}
		p.attached = append(p.attached, arn)
	}
	slices.Sort(p.attached)
}

// SetSCPs replaces the organisation's policies on the account, in force at once. As in AWS the list must allow what is
// to be allowed: put FullAccess beside a deny. Without any the account is in no organisation.
func (w *World) SetSCPs(documents ...string) {
	docs := make([]*policy.Document, len(documents))
	for i, text := range documents {
		doc, err := policy.Parse(text, policy.Identity)
		if err != nil {
			panic(fmt.Sprintf("sandbox: service control policy %d: %v", i+1, err))
		}
		doc.ID, doc.Type = fmt.Sprintf("scp-%d", i+1), "scp"
		docs[i] = doc
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.home.scps = docs
}
