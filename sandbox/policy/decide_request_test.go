package policy_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell/sandbox/policy"
)

const (
	acct  = "123456789012"
	alice = "arn:aws:iam::" + acct + ":user/alice"
	role  = "arn:aws:iam::" + acct + ":role/ops"
	sess  = "arn:aws:sts::" + acct + ":assumed-role/ops/s"
)

// parse makes a document of bare statements.
func parse(t *testing.T, kind policy.Kind, statements string) *policy.Document {
	t.Helper()
	doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":[`+statements+`]}`, kind)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

const (
	allowAll = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	denyAll  = `{"Effect":"Deny","Action":"*","Resource":"*"}`
	allowGet = `{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}`
	noIAM    = `{"Effect":"Deny","Action":"iam:*","Resource":"*"}`
)

func TestDecide(t *testing.T) {
	user := policy.Caller{Account: acct, ARN: alice, ID: "AIDAALICE"}
	ops := policy.Caller{Account: acct, ARN: sess, RoleARN: role, ID: "AROAOPS:s"}
	outsider := policy.Caller{Account: "999999999999", ARN: "arn:aws:iam::999999999999:user/mallory", ID: "AIDAMAL"}
	grant := func(principal string) string {
		return `{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"*"}`
	}
	for _, tc := range []struct {
		name                                       string
		caller                                     policy.Caller
		identity, boundary, session, resource, scp string
		foreign                                    bool
		want                                       bool
		explicit                                   bool
		where                                      string
	}{
		{name: "nothing allows", caller: user, where: "identity-based policy"},
		{name: "identity allows", caller: user, identity: allowGet, want: true, where: "identity-based policy"},
		{name: "deny beats allow", caller: user, identity: allowAll + "," + denyAll, explicit: true, where: "identity-based policy"},
		{name: "boundary cuts", caller: user, identity: allowAll, boundary: `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`,
			where: "permissions boundary"},
		{name: "boundary alone grants nothing", caller: user, boundary: allowAll, where: "identity-based policy"},
		{name: "session cuts", caller: ops, identity: allowAll, session: `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`,
			where: "session policy"},
		{name: "SCP must allow", caller: user, identity: allowAll, scp: `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`,
			where: "service control policy"},
		{name: "SCP denies", caller: user, identity: allowAll, scp: allowAll + `,{"Effect":"Deny","Action":"s3:*","Resource":"*"}`,
			explicit: true, where: "service control policy"},
		{name: "resource grant to the user suffices", caller: user, resource: grant(`{"AWS":"` + alice + `"}`), want: true,
			where: "resource-based policy"},
		{name: "resource grant to the user ignores its boundary", caller: user, resource: grant(`{"AWS":"` + alice + `"}`),
			boundary: `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`, want: true, where: "resource-based policy"},
		{name: "resource grant to the role is cut by the session", caller: ops, resource: grant(`{"AWS":"` + role + `"}`),
			session: `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`, where: "session policy"},
		{name: "resource grant to the role", caller: ops, resource: grant(`{"AWS":"` + role + `"}`), want: true,
			where: "resource-based policy"},
		{name: "resource grant to the account delegates", caller: user, resource: grant(`{"AWS":"` + acct + `"}`),
			where: "identity-based policy"},
		{name: "resource denies the account", caller: user, identity: allowAll,
			resource: `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::` + acct + `:root"},"Action":"s3:*","Resource":"*"}`,
			explicit: true, where: "resource-based policy"},
		{name: "NotPrincipal spares the user", caller: user, identity: allowAll, want: true, where: "identity-based policy",
			resource: `{"Effect":"Deny","NotPrincipal":{"AWS":"` + alice + `"},"Action":"s3:*","Resource":"*"}`},
		{name: "abroad needs both: identity only", caller: outsider, identity: allowAll, foreign: true, where: "resource-based policy"},
		{name: "abroad needs both: resource only", caller: outsider, resource: grant(`"*"`), foreign: true, where: "identity-based policy"},
		{name: "abroad with both", caller: outsider, identity: allowAll, resource: grant(`{"AWS":"999999999999"}`), foreign: true,
			want: true, where: "identity-based policy"},
		{name: "everybody means anonymous too", resource: grant(`"*"`), want: true, where: "resource-based policy"},
		{name: "anonymous is in no account", resource: grant(`{"AWS":"` + acct + `"}`), where: "identity-based policy"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := policy.Set{Foreign: tc.foreign}
			if tc.identity != "" {
				set.Identity = []*policy.Document{parse(t, policy.Identity, tc.identity)}
			}
			if tc.boundary != "" {
				set.Boundary = parse(t, policy.Identity, tc.boundary)
			}
			if tc.session != "" {
				set.Session, set.Narrowed = []*policy.Document{parse(t, policy.Identity, tc.session)}, true
			}
			if tc.resource != "" {
				set.Resource = parse(t, policy.Resource, tc.resource)
			}
			if tc.scp != "" {
				set.SCPs = []*policy.Document{parse(t, policy.Identity, tc.scp)}
			}
			got := policy.Decide(&policy.Request{Caller: tc.caller, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}, set)
			if got.Allowed != tc.want || got.Explicit != tc.explicit || got.Where != tc.where {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTrustPolicies(t *testing.T) {
	user := policy.Caller{Account: acct, ARN: alice, ID: "AIDAALICE"}
	trust := func(principal string) *policy.Document {
		return parse(t, policy.Trust, `{"Effect":"Allow","Principal":{"AWS":"`+principal+`"},"Action":"sts:AssumeRole"}`)
	}
	may := []*policy.Document{parse(t, policy.Identity, `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`)}
	for _, tc := range []struct {
		name     string
		trust    *policy.Document
		identity []*policy.Document
		want     bool
	}{
		{"identity alone is not enough", trust("arn:aws:iam::" + acct + ":user/bob"), may, false},
		{"the account, with identity", trust(acct), may, true},
		{"the account, without identity", trust(acct), nil, false},
		{"the user itself", trust(alice), nil, true},
		{"no trust at all", nil, may, false},
	} {
		got := policy.Decide(&policy.Request{Caller: user, Action: "sts:AssumeRole", Resource: role},
			policy.Set{Trust: true, Resource: tc.trust, Identity: tc.identity})
		if got.Allowed != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestConditions(t *testing.T) {
	context := map[string][]string{
		"aws:username": {"alice"}, "aws:sourceip": {"203.0.113.9"}, "aws:tokenissuetime": {"2026-03-02T09:00:00Z"},
		"aws:multifactorauthpresent": {"false"}, "aws:principalarn": {alice}, "aws:tagkeys": {"a", "b"}, "s3:max-keys": {"10"},
	}
	for condition, want := range map[string]bool{
		`{"StringEquals":{"aws:username":"alice"}}`:                                       true,
		`{"StringEquals":{"AWS:UserName":["bob","alice"]}}`:                               true,
		`{"StringEquals":{"aws:username":"Alice"}}`:                                       false,
		`{"StringEqualsIgnoreCase":{"aws:username":"Alice"}}`:                             true,
		`{"StringNotEquals":{"aws:username":["bob","alice"]}}`:                            false,
		`{"StringLike":{"aws:username":"al*e"}}`:                                          true,
		`{"StringLike":{"aws:principalarn":"*user/${aws:username}"}}`:                     true,
		`{"StringEquals":{"aws:username":"${aws:nobody}"}}`:                               false,
		`{"StringEquals":{"aws:username":"${aws:nobody,'alice'}"}}`:                       true,
		`{"StringEquals":{"aws:missing":"x"}}`:                                            false,
		`{"StringNotEquals":{"aws:missing":"x"}}`:                                         true,
		`{"StringEqualsIfExists":{"aws:missing":"x"}}`:                                    true,
		`{"Null":{"aws:missing":"true"}}`:                                                 true,
		`{"Null":{"aws:tokenissuetime":"true"}}`:                                          false,
		`{"DateLessThan":{"aws:TokenIssueTime":"2026-03-02T09:00:01Z"}}`:                  true,
		`{"DateLessThan":{"aws:TokenIssueTime":"2026-03-02T09:00:00Z"}}`:                  false,
		`{"DateGreaterThanEquals":{"aws:TokenIssueTime":"1772442000"}}`:                   true,
		`{"DateLessThan":{"aws:missing":"2030-01-01T00:00:00Z"}}`:                         false,
		`{"Bool":{"aws:MultiFactorAuthPresent":false}}`:                                   true,
		`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}`:                          false,
		`{"IpAddress":{"aws:SourceIp":["198.51.100.0/24","203.0.113.0/24"]}}`:             true,
		`{"NotIpAddress":{"aws:SourceIp":"203.0.113.9"}}`:                                 false,
		`{"IpAddress":{"aws:SourceIp":"nonsense"}}`:                                       false,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}`:                        true,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:*:user/*"}}`:                             false,
		`{"ArnNotEquals":{"aws:PrincipalArn":"` + alice + `"}}`:                           false,
		`{"NumericLessThanEquals":{"s3:max-keys":10}}`:                                    true,
		`{"NumericGreaterThan":{"s3:max-keys":"10"}}`:                                     false,
		`{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b","c"]}}`:                     true,
		`{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}`:                             false,
		`{"ForAllValues:StringEquals":{"aws:missing":["a"]}}`:                             true,
		`{"ForAnyValue:StringEquals":{"aws:TagKeys":["b","x"]}}`:                          true,
		`{"ForAnyValue:StringEquals":{"aws:missing":["a"]}}`:                              false,
		`{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["a"]}}`:                           true,
		`{"StringEquals":{"aws:username":"alice"},"Bool":{"aws:SecureTransport":"true"}}`: false,
	} {
		doc := parse(t, policy.Identity, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+condition+`}`)
		got := policy.Decide(&policy.Request{Action: "s3:GetObject", Resource: "*", Context: context},
			policy.Set{Identity: []*policy.Document{doc}})
		if got.Allowed != want {
			t.Errorf("%s gave %t", condition, got.Allowed)
		}
	}
}

func TestVariablesBringNoWildcards(t *testing.T) {
	doc := parse(t, policy.Identity, `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::home/${aws:username}/*"}`)
	for name, want := range map[string]bool{"alice": true, "*": false, "al?ce": false} {
		got := policy.Decide(&policy.Request{
			Action: "s3:GetObject", Resource: "arn:aws:s3:::home/alice/x", Context: map[string][]string{"aws:username": {name}},
		}, policy.Set{Identity: []*policy.Document{doc}})
		if got.Allowed != want {
			t.Errorf("user %q: allowed %t", name, got.Allowed)
		}
	}
}

func TestMalformedDocuments(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":           `{`,
		"no statement":      `{"Version":"2012-10-17"}`,
		"version":           `{"Version":"2020-01-01","Statement":[` + allowAll + `]}`,
		"effect":            `{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`,
		"no action":         `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"both actions":      `{"Statement":{"Effect":"Allow","Action":"*","NotAction":"iam:*","Resource":"*"}}`,
		"bare action":       `{"Statement":{"Effect":"Allow","Action":"GetObject","Resource":"*"}}`,
		"no resource":       `{"Statement":{"Effect":"Allow","Action":"*"}}`,
		"principal":         `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`,
		"operator":          `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringIs":{"a":"b"}}}}`,
		"value is a list":   `{"Statement":{"Effect":"Deny","Action":[["*"]],"Resource":"*"}}`,
		"statement is text": `{"Statement":"all"}`,
	} {
		if _, err := policy.Parse(text, policy.Identity); !errors.Is(err, policy.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPublic(t *testing.T) {
	for statement, want := range map[string]bool{
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}`:                                                                 true,
		`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"*"}`:                                                         true,
		`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*"}`:                                                                  false,
		`{"Effect":"Allow","Principal":{"AWS":"` + acct + `"},"Action":"s3:GetObject","Resource":"*"}`:                                              false,
		`{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`:            false,
		`{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}`:               true,
		`{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalArn":"` + alice + `"}}}`: true,
	} {
		if got := parse(t, policy.Resource, statement).Public(); got != want {
			t.Errorf("%s: public %t", statement, got)
		}
	}
}

// TestWildcardsAgreeWithRegularExpressions judges the matcher by an obvious one.
func TestWildcardsAgreeWithRegularExpressions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?:/]{0,12}`).Draw(t, "pattern")
		resource := rapid.StringMatching(`[ab:/]{0,12}`).Draw(t, "resource")
		doc, err := policy.Parse(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"`+pattern+`"}}`, policy.Identity)
		if err != nil {
			t.Fatal(err)
		}
		escaped := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`^` + escaped + `$`).MatchString(resource)
		got := policy.Decide(&policy.Request{Action: "a:b", Resource: resource}, policy.Set{Identity: []*policy.Document{doc}})
		if got.Allowed != want {
			t.Fatalf("pattern %q, resource %q: %t", pattern, resource, got.Allowed)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[`+allowAll+`,`+noIAM+`]}`, "aws:username", "alice")
	f.Add(`{"Statement":{"Effect":"Deny","NotAction":"iam:*","Resource":"${aws:username}","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-01-01T00:00:00Z"}}}}`, "aws:tokenissuetime", "1")
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:*"],"Resource":["*"]}]}`, "", "")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		for _, kind := range []policy.Kind{policy.Identity, policy.Resource, policy.Trust} {
			doc, err := policy.Parse(text, kind)
			if err != nil {
				if !errors.Is(err, policy.ErrMalformed) {
					t.Fatalf("error of another kind: %v", err)
				}
				continue
			}
			q := &policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: map[string][]string{key: {value}}}
			set := policy.Set{Identity: []*policy.Document{parse(t, policy.Identity, denyAll)}, Resource: doc}
			if policy.Decide(q, set).Allowed {
				t.Fatal("an explicit deny was overruled")
			}
			doc.Public()
		}
	})
}
