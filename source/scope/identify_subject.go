package scope

import (
	"context"
	"regexp"
	"strings"

	"github.com/quell-ir/quell"
)

// longest is the most that an identifier may have; ARNs end at 2048 (IAM API reference, arnType).
const longest = 2048

// Shapes after the IAM and EC2 API references. Keys have 16 to 128 characters.
var (
	keyShape      = regexp.MustCompile(`^(AKIA|ASIA)[A-Z0-9]{12,124}$`)
	accountShape  = regexp.MustCompile(`^[0-9]{12}$`)
	instanceShape = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)
	uniqueShape   = regexp.MustCompile(`^(AIDA|AROA|AGPA|ANPA|AIPA)[A-Z0-9]{12,124}$`)
	nameShape     = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	bucketShape   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// Identify is IdentifyAll's subject alone.
func (r Reader) Identify(ctx context.Context, text string) (quell.Entity, error) {
	all, err := r.IdentifyAll(ctx, text)
	if err != nil {
		return quell.Entity{}, err
	}
	return all[0], nil
}

// IdentifyAll finds out what a text names: an access key id (AKIA or ASIA), an ARN, an instance id, an account id, or
// the name of a user, a role or a bucket. The subject comes first: of a key it is the principal it belongs to, which the
// key follows; of a temporary one also whom its session was issued from. Principals have the part of an actor, things
// that of a target.
//
// Errors are quell.Errors: CodeUsage for what cannot be a name, CodeFailed with what was searched for what does not
// exist, is of another account, could be two things, or may not be asked.
func (r Reader) IdentifyAll(ctx context.Context, text string) ([]quell.Entity, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > longest || quell.Clean(text) != text {
		return nil, &quell.Error{Code: quell.CodeUsage, What: "no identifier: " + quell.Cut(text, 80), Next: accepted}
	}
	me, err := r.whoAmI(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case keyShape.MatchString(text):
		return r.identifyKey(ctx, me, text)
	case strings.HasPrefix(text, "arn:"):
		return r.identifyARN(ctx, me, text)
	case accountShape.MatchString(text):
		return identifyAccount(me, text)
	case instanceShape.MatchString(text):
		// The region stays open: an id alone does not tell, and each region would have to be asked.
		return []quell.Entity{{Kind: quell.KindInstance, ID: text, Account: me.account, Part: quell.PartTarget}}, nil
	case uniqueShape.MatchString(text):
		return nil, &quell.Error{Code: quell.CodeUsage, What: text + " is a unique id, by which IAM finds nothing", Next: "give the name or the ARN"}
	}
	return r.identifyName(ctx, me, text)
}

const accepted = "give an access key id, an ARN, an i-... id, an account id, or the name of a user, role or bucket"

func identifyAccount(me self, id string) ([]quell.Entity, error) {
	if id != me.account {
		return nil, wrongAccount("account "+id, id, me)
	}
	return []quell.Entity{{Kind: quell.KindAccount, ID: id, Account: id, Part: quell.PartTarget}}, nil
}

func wrongAccount(what, account string, me self) error {
	return &quell.Error{
		Code: quell.CodeFailed, What: what + " is of account " + account + "; the credentials at hand are of account " + me.account,
		Next: "use a profile or role of account " + account,
	}
}

func nowhere(what string, me self) error {
	return &quell.Error{Code: quell.CodeFailed, What: "exists nowhere in account " + me.account + ": " + what, Next: "check the spelling, and the account or profile"}
}
