package scope

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/sandbox"
)

func TestIdentifyAll(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 3})
	alice := w.AddUser("/eng/alice", "AdministratorAccess")
	old := w.AddKey("alice")
	w.AddUser("both")
	w.AddRole("both", anyone)
	roleARN := w.AddRole("/app/deploy", anyone, "AdministratorAccess")
	w.AddBucket("ledger-books", "eu-west-1")
	w.AddBucket("us-books", home)
	outsider := w.AddOutsider("999988887777", "mallory")

	session := assume(t, w, alice, roleARN, "ci-7")
	act(t, w, session, "eu-west-1", 1)
	guest := federate(t, w, alice, "guest")
	act(t, w, guest, "us-west-2", 1)
	quiet := assume(t, w, alice, roleARN, "never-acted")
	act(t, w, old, home, 1)
	_, err := iam.NewFromConfig(w.Admin(home)).DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: &old.AccessKeyID})
	check(t, err)
	settle(t, w)

	user, role := userOf(t, w, "alice"), roleOf(t, w, "deploy")
	used := role
	used.Part = quell.PartUsed
	account := w.Account()
	ci := quell.Entity{Kind: quell.KindSession, ID: role.ID + ":ci-7", Name: "ci-7", ARN: "arn:aws:sts::" + account + ":assumed-role/deploy/ci-7",
		Account: account, Part: quell.PartActor, Of: role.ID}
	fed := quell.Entity{Kind: quell.KindFederated, ID: account + ":guest", Name: "guest", ARN: "arn:aws:sts::" + account + ":federated-user/guest",
		Account: account, Part: quell.PartActor, Of: user.ID}
	fedByARN := fed
	fedByARN.Of = ""
	made := ci
	made.ID, made.Name, made.ARN = role.ID+":never-acted", "never-acted", strings.Replace(ci.ARN, "ci-7", "never-acted", 1)
	secret := "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:db-a1B2c3"

	tests := []struct {
		name, text string
		want       []quell.Entity
	}{
		{"long-term key", alice.AccessKeyID, []quell.Entity{user, keyEntity(alice, user)}},
		{"padded", "  " + alice.AccessKeyID + "\n", []quell.Entity{user, keyEntity(alice, user)}},
		{"deleted key, known by its acts", old.AccessKeyID, []quell.Entity{user, keyEntity(old, user)}},
		{"role session's key", session.AccessKeyID, []quell.Entity{ci, used, keyEntity(session, ci)}},
		{"federated user's key", guest.AccessKeyID, []quell.Entity{fed, user, keyEntity(guest, fed)}},
		{"user's ARN", user.ARN, []quell.Entity{user}},
		{"role's ARN", role.ARN, []quell.Entity{role}},
		{"session's ARN", ci.ARN, []quell.Entity{ci, used}},
		{"federated user's ARN", fed.ARN, []quell.Entity{fedByARN}},
		{"root's ARN", "arn:aws:iam::" + account + ":root", []quell.Entity{{Kind: quell.KindRoot, ID: account, Name: "root", ARN: "arn:aws:iam::" + account + ":root", Account: account, Part: quell.PartActor}}},
		{"bucket's ARN", "arn:aws:s3:::ledger-books", []quell.Entity{{Kind: quell.KindBucket, ID: "ledger-books", ARN: "arn:aws:s3:::ledger-books", Account: account, Region: "eu-west-1", Part: quell.PartTarget}}},
		{"secret's ARN", secret, []quell.Entity{{Kind: quell.KindSecret, ID: secret, Name: "db", ARN: secret, Account: account, Region: "eu-west-1", Part: quell.PartTarget}}},
		{"user's name", "alice", []quell.Entity{user}},
		{"role's name", "deploy", []quell.Entity{role}},
		{"bucket's name", "us-books", []quell.Entity{{Kind: quell.KindBucket, ID: "us-books", ARN: "arn:aws:s3:::us-books", Account: account, Region: home, Part: quell.PartTarget}}},
		{"instance", "i-0123456789abcdef0", []quell.Entity{{Kind: quell.KindInstance, ID: "i-0123456789abcdef0", Account: account, Part: quell.PartTarget}}},
		{"account", account, []quell.Entity{{Kind: quell.KindAccount, ID: account, Account: account, Part: quell.PartTarget}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readerOf(w).IdentifyAll(t.Context(), test.text)
			check(t, err)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}

	missing := strings.Replace(alice.AccessKeyID, alice.AccessKeyID[14:], "ZZZZZZ", 1)
	failures := []struct {
		name, text string
		code       quell.ErrorCode
		words      []string
	}{
		{"key of nobody", missing, quell.CodeFailed, []string{"exists nowhere: " + missing, account, "4 regions"}},
		{"temporary key of nobody", "ASIA" + missing[4:], quell.CodeFailed, []string{"exists nowhere", "15 minutes"}},
		{"key of another account", outsider.AccessKeyID, quell.CodeFailed, []string{"999988887777", "profile"}},
		{"ambiguous name", "both", quell.CodeUsage, []string{":user/both", ":role/both"}},
		{"name of nothing", "nobody-here", quell.CodeFailed, []string{"exists nowhere", "nobody-here"}},
		{"user of nobody", "arn:aws:iam::" + account + ":user/nobody", quell.CodeFailed, []string{"exists nowhere"}},
		{"user by a wrong path", "arn:aws:iam::" + account + ":user/alice", quell.CodeFailed, []string{user.ARN}},
		{"user of another account", "arn:aws:iam::999988887777:user/mallory", quell.CodeFailed, []string{"999988887777"}},
		{"session of no role", "arn:aws:sts::" + account + ":assumed-role/none/x", quell.CodeFailed, []string{"role none"}},
		{"session without a name", "arn:aws:sts::" + account + ":assumed-role/deploy", quell.CodeUsage, []string{"assumed-role/ROLE/SESSION"}},
		{"unique id", user.ID, quell.CodeUsage, []string{"unique id"}},
		{"other account", "999988887777", quell.CodeFailed, []string{account}},
		{"nothing", " ", quell.CodeUsage, nil},
		{"half an ARN", "arn:aws:iam", quell.CodeUsage, []string{"no ARN"}},
		{"terminal escape", "ali\x1b[2Jce", quell.CodeUsage, nil},
		{"too long", strings.Repeat("a", 3000), quell.CodeUsage, nil},
	}
	for _, test := range failures {
		t.Run(test.name, func(t *testing.T) {
			_, err := readerOf(w).IdentifyAll(t.Context(), test.text)
			wantError(t, err, test.code, test.words...)
			if strings.ContainsRune(err.Error(), 0x1b) {
				t.Error("an escape sequence in the error")
			}
		})
	}

	one, err := readerOf(w).Identify(t.Context(), alice.AccessKeyID)
	if check(t, err); one != user {
		t.Errorf("subject %+v", one)
	}
	t.Run("key that never acted", func(t *testing.T) {
		// The act that made it names it among its resources; this world's index does not, so only the judgement is tried.
		var events []quell.Event
		for _, raw := range w.Delivered(0) {
			e, err := quell.ReadCloudTrail(raw)
			check(t, err)
			if got := holderOf(quiet.AccessKeyID, e); got != nil {
				events = append(events, e)
				if diff := cmp.Diff([]quell.Entity{made, keyEntity(quiet, made)}, got, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Account" }, cmp.Ignore())); diff != "" {
					t.Error(diff)
				}
			}
		}
		if len(events) != 1 {
			t.Errorf("%d events name the key's holder", len(events))
		}
	})
}

func TestIdentifyAllWithoutPermission(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 4})
	alice := w.AddUser("alice")
	w.AddBucket("ledger-books", home)
	none := w.AddUser("none")
	onlyIAM := w.AddUser("only-iam", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetUser","iam:GetRole"],"Resource":"*"}]}`)
	settle(t, w)
	tests := []struct {
		name, text string
		as         aws.Credentials
		words      []string
	}{
		{"a user", "alice", none, []string{"permission iam:GetUser is missing", "user/none"}},
		{"a bucket", "ledger-books", onlyIAM, []string{"s3:GetBucketLocation"}},
		{"a key", alice.AccessKeyID, none, []string{"cloudtrail:LookupEvents", "AccessDenied"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := readerOf(w, test.as).IdentifyAll(t.Context(), test.text)
			wantError(t, err, quell.CodeFailed, test.words...)
			if strings.Contains(err.Error(), "exists nowhere") {
				t.Errorf("a refusal was taken for absence: %v", err)
			}
		})
	}
	t.Run("of a key that IAM will not tell of", func(t *testing.T) {
		reads := w.AddUser("reads-trail", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:LookupEvents","sts:GetAccessKeyInfo"],"Resource":"*"}]}`)
		_, err := readerOf(w, reads).IdentifyAll(t.Context(), alice.AccessKeyID)
		wantError(t, err, quell.CodeFailed, "was not found", "iam:GetAccessKeyLastUsed may be missing", "opt-in regions were not asked")
	})
}

func TestIdentifyAllAtAnEmulator(t *testing.T) {
	r := stranger(t, map[string]string{"GetCallerIdentity": callerAnswer})
	for _, text := range []string{"alice", "arn:aws:iam::123456789012:role/deploy", "AKIAIOSFODNN7EXAMPLE", "arn:aws:s3:::books"} {
		_, err := r.IdentifyAll(t.Context(), text)
		wantError(t, err, quell.CodeFailed, "not available at this endpoint")
		if strings.Contains(err.Error(), "exists nowhere") {
			t.Errorf("an emulator's silence was taken for absence: %v", err)
		}
	}
	_, err := r.IdentifyAll(t.Context(), "ASIAIOSFODNN7EXAMPLE")
	wantError(t, err, quell.CodeFailed, "LookupEvents is not available at this endpoint")
	_, err = stranger(t, nil).IdentifyAll(t.Context(), "alice")
	wantError(t, err, quell.CodeFailed, "sts:GetCallerIdentity is not available")

	// IAM's own "no such key" stands, whatever else is missing.
	r = stranger(t, map[string]string{"GetCallerIdentity": callerAnswer, "GetAccessKeyLastUsed": `<GetAccessKeyLastUsedResponse
		xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccessKeyLastUsedResult/></GetAccessKeyLastUsedResponse>`})
	_, err = r.IdentifyAll(t.Context(), "AKIAIOSFODNN7EXAMPLE")
	wantError(t, err, quell.CodeFailed, "exists nowhere: AKIAIOSFODNN7EXAMPLE", "account 123456789012", "LookupEvents is not available")

	broken := errors.New("no profile")
	r.Config = func(context.Context, string) (aws.Config, error) { return aws.Config{}, broken }
	if _, err := r.IdentifyAll(t.Context(), "alice"); !errors.Is(err, broken) {
		t.Errorf("error %v, want the configuration's", err)
	}
}
