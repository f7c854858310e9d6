package scope

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// identifyName asks IAM for a user and a role, and S3 only where there is neither.
func (r Reader) identifyName(ctx context.Context, me self, name string) ([]quell.Entity, error) {
	if nameShape.MatchString(name) {
		user, isUser, err := r.user(ctx, me, name)
		if err != nil {
			return nil, err
		}
		role, isRole, err := r.role(ctx, me, name)
		if err != nil {
			return nil, err
		}
		switch {
		case isUser && isRole:
			return nil, &quell.Error{Code: quell.CodeUsage, What: name + " is both " + user.ARN + " and " + role.ARN, Next: "give the ARN"}
		case isUser:
			return []quell.Entity{user}, nil
		case isRole:
			return []quell.Entity{role}, nil
		}
	}
	if bucketShape.MatchString(name) {
		return r.identifyBucket(ctx, me, name)
	}
	return nil, nowhere("user or role "+name, me)
}

// identifyARN completes what an ARN names by its stable id; what IAM does not keep is taken as it stands.
func (r Reader) identifyARN(ctx context.Context, me self, arn string) ([]quell.Entity, error) {
	e := quell.EntityOfARN(arn)
	if e.Account != "" && e.Account != me.account {
		return nil, wrongAccount(arn, e.Account, me)
	}
	switch e.Kind {
	case quell.KindUser:
		return one(arn, me)(r.user(ctx, me, e.Name))
	case quell.KindRole:
		return one(arn, me)(r.role(ctx, me, e.Name))
	case quell.KindSession:
		return r.identifySession(ctx, me, e)
	case quell.KindBucket:
		return r.identifyBucket(ctx, me, e.ID)
	case quell.KindRoot, quell.KindFederated:
		if e.Account == "" {
			return nil, &quell.Error{Code: quell.CodeUsage, What: "no account in " + arn, Next: accepted}
		}
		e.Part = quell.PartActor
	case quell.KindResource:
		if strings.Count(arn, ":") < 5 {
			return nil, &quell.Error{Code: quell.CodeUsage, What: "no ARN: " + arn, Next: accepted}
		}
		e.Part = quell.PartTarget
	default:
		e.Part = quell.PartTarget
	}
	return []quell.Entity{e}, nil
}

// one fits the answer about a single thing into a list; that it does not exist becomes an error.
func one(arn string, me self) func(quell.Entity, bool, error) ([]quell.Entity, error) {
	return func(e quell.Entity, found bool, err error) ([]quell.Entity, error) {
		switch {
		case err != nil:
			return nil, err
		case !found:
			return nil, nowhere(arn, me)
		case e.ARN != arn:
			// An ARN without its path, or of something made anew elsewhere, is not what was asked for.
			return nil, &quell.Error{Code: quell.CodeFailed, What: arn + " does not exist; under that name there is " + e.ARN, Next: "respond to that if it is meant"}
		}
		return []quell.Entity{e}, nil
	}
}

// identifySession finds the role for its id, without which no record can be told to be the session's. The ARN of a session
// lacks the role's path, which does not matter: role names are unique in an account.
func (r Reader) identifySession(ctx context.Context, me self, e quell.Entity) ([]quell.Entity, error) {
	parts := strings.Split(e.ARN[strings.LastIndex(e.ARN, ":")+1:], "/")
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
		return nil, &quell.Error{Code: quell.CodeUsage, What: "no role session: " + e.ARN, Next: "its form is arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"}
	}
	role, found, err := r.role(ctx, me, parts[1])
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, nowhere("role "+parts[1]+" of "+e.ARN, me)
	}
	e.ID, e.Of, e.Name, e.Part = role.ID+":"+parts[2], role.ID, parts[2], quell.PartActor
	role.Part = quell.PartUsed
	return []quell.Entity{e, role}, nil
}

// user is false for one that does not exist; every other failure is an error.
func (r Reader) user(ctx context.Context, me self, name string) (quell.Entity, bool, error) {
	cfg, err := r.Config(ctx, r.home())
	if err != nil {
		return quell.Entity{}, false, fmt.Errorf("configure %s: %w", r.home(), err)
	}
	out, err := iam.NewFromConfig(cfg).GetUser(ctx, &iam.GetUserInput{UserName: &name})
	if absent(err) {
		return quell.Entity{}, false, nil
	}
	if err != nil {
		return quell.Entity{}, false, explain("iam:GetUser", "look for user "+name, me, err)
	}
	return quell.Entity{
		Kind: quell.KindUser, ID: aws.ToString(out.User.UserId), Name: aws.ToString(out.User.UserName), ARN: aws.ToString(out.User.Arn),
		Account: me.account, Part: quell.PartActor,
	}, true, nil
}

func (r Reader) role(ctx context.Context, me self, name string) (quell.Entity, bool, error) {
	if len(name) > 64 {
		return quell.Entity{}, false, nil // longer than a role's name can be; IAM would answer with a validation error
	}
	cfg, err := r.Config(ctx, r.home())
	if err != nil {
		return quell.Entity{}, false, fmt.Errorf("configure %s: %w", r.home(), err)
	}
	out, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if absent(err) {
		return quell.Entity{}, false, nil
	}
	if err != nil {
		return quell.Entity{}, false, explain("iam:GetRole", "look for role "+name, me, err)
	}
	return quell.Entity{
		Kind: quell.KindRole, ID: aws.ToString(out.Role.RoleId), Name: aws.ToString(out.Role.RoleName), ARN: aws.ToString(out.Role.Arn),
		Account: me.account, Part: quell.PartActor,
	}, true, nil
}

// absent takes only IAM's own word for it.
func absent(err error) bool {
	code := call.Code(err)
	return code == "NoSuchEntity" || code == "NoSuchEntityException"
}

// identifyBucket asks for the bucket's location as its owner: bucket names are the world's, and somebody else's bucket of
// this name is not ours to answer for.
func (r Reader) identifyBucket(ctx context.Context, me self, name string) ([]quell.Entity, error) {
	cfg, err := r.Config(ctx, r.home())
	if err != nil {
		return nil, fmt.Errorf("configure %s: %w", r.home(), err)
	}
	out, err := s3.NewFromConfig(cfg).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &name, ExpectedBucketOwner: &me.account})
	switch code := call.Code(err); {
	case code == "NoSuchBucket":
		return nil, nowhere("user, role or bucket "+name, me)
		// S3 names the code in its answer; the SDK makes this one of the bare status of whatever else stands there.
	case code == "NotFound":
		return nil, missing("s3:GetBucketLocation", "look for bucket "+name, err)
	case call.Denied(code) || code == "Forbidden":
		return nil, &quell.Error{
			Code: quell.CodeFailed, What: "S3 refuses to tell about bucket " + name + ": it is another account's, or the permission s3:GetBucketLocation is missing",
			Err: err, Next: "use a profile of the bucket's account, or allow s3:GetBucketLocation to " + me.arn,
		}
	case err != nil:
		return nil, explain("s3:GetBucketLocation", "look for bucket "+name, me, err)
	}
	region := string(out.LocationConstraint)
	switch region {
	case "": // how S3 spells its first region
		region = "us-east-1"
	case "EU":
		region = "eu-west-1"
	}
	partition, _, _ := strings.Cut(strings.TrimPrefix(me.arn, "arn:"), ":")
	return []quell.Entity{{
		Kind: quell.KindBucket, ID: name, ARN: "arn:" + partition + ":s3:::" + name, Account: me.account, Region: region, Part: quell.PartTarget,
	}}, nil
}
