package iam

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
)

// head is what every action on a user must know before it does anything.
type head struct {
	Exists bool   `json:"exists"`
	UserID string `json:"user_id"`
	HeldBy string `json:"held_by"` // the value of the tag quell:incident
}

// readHead reads the user; ok is false where there is none of that name.
func readHead(ctx context.Context, cfg aws.Config, user string) (head, *types.User, error) {
	got, err := iam.NewFromConfig(cfg).GetUser(ctx, &iam.GetUserInput{UserName: &user})
	if missing(err) {
		return head{}, nil, nil
	}
	if err != nil {
		return head{}, nil, fmt.Errorf("read user %s: %w", user, err)
	}
	return head{Exists: true, UserID: aws.ToString(got.User.UserId), HeldBy: holder(got.User.Tags)}, got.User, nil
}

// holder is the incident whose tag a user or role carries.
func holder(tags []types.Tag) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == action.TagKey {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// notOurs says why a target must be left alone: it is not the one meant, or another incident's steps work on it.
func notOurs(target quell.Entity, id, heldBy, incident string) string {
	if why := recreated(target, id); why != "" {
		return why
	}
	if heldBy != "" && heldBy != incident {
		return fmt.Sprintf("another responder holds %s %s: it is tagged %s=%s; settle that incident first, or merge",
			target.Kind, quell.Clean(nameOf(target)), action.TagKey, quell.Clean(heldBy))
	}
	return ""
}

// everyPage gathers a list to its last page. A page that promises another without saying where would loop for ever.
func everyPage[T any](list func(marker *string) (items []T, truncated bool, next *string, err error)) ([]T, error) {
	var all []T
	var marker *string
	for {
		items, truncated, next, err := list(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if !truncated {
			return all, nil
		}
		if aws.ToString(next) == "" {
			return nil, errors.New("a page says that more follows, and not where")
		}
		marker = next
	}
}

// readLogin returns the console password's profile, nil where the user has none.
func readLogin(ctx context.Context, cfg aws.Config, user string) (*types.LoginProfile, error) {
	out, err := iam.NewFromConfig(cfg).GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &user})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read login profile of %s: %w", user, err)
	}
	return out.LoginProfile, nil
}

func readMFA(ctx context.Context, cfg aws.Config, user string) ([]types.MFADevice, error) {
	list, err := everyPage(func(marker *string) ([]types.MFADevice, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.MFADevices, out.IsTruncated, out.Marker, nil
	})
	return list, wrap(err, "list MFA devices of", user)
}

func readServiceCredentials(ctx context.Context, cfg aws.Config, user string) ([]types.ServiceSpecificCredentialMetadata, error) {
	list, err := everyPage(func(marker *string) ([]types.ServiceSpecificCredentialMetadata, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListServiceSpecificCredentials(ctx,
			&iam.ListServiceSpecificCredentialsInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.ServiceSpecificCredentials, out.IsTruncated, out.Marker, nil
	})
	return list, wrap(err, "list service-specific credentials of", user)
}

func readSSHKeys(ctx context.Context, cfg aws.Config, user string) ([]types.SSHPublicKeyMetadata, error) {
	list, err := everyPage(func(marker *string) ([]types.SSHPublicKeyMetadata, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListSSHPublicKeys(ctx, &iam.ListSSHPublicKeysInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.SSHPublicKeys, out.IsTruncated, out.Marker, nil
	})
	return list, wrap(err, "list SSH public keys of", user)
}

func readCertificates(ctx context.Context, cfg aws.Config, user string) ([]types.SigningCertificate, error) {
	list, err := everyPage(func(marker *string) ([]types.SigningCertificate, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListSigningCertificates(ctx,
			&iam.ListSigningCertificatesInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.Certificates, out.IsTruncated, out.Marker, nil
	})
	return list, wrap(err, "list signing certificates of", user)
}

func wrap(err error, doing, whom string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", doing, whom, err)
}

// stamp spells a time of AWS's as states and conditions hold it; "" for none.
func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// sinceIncident says whether something was made at or after the incident's first hostile act. Without knowing when that
// was, nothing counts as made since.
func sinceIncident(made string, incident quell.Incident) bool {
	at, err := time.Parse(time.RFC3339, made)
	// AWS gives whole seconds: what was made within the second of the first act counts.
	return err == nil && !incident.Since.IsZero() && !at.Before(incident.Since.Truncate(time.Second))
}
