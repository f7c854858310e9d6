package iam

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/sandbox"
)

// underAnotherName makes an account in which the user of one name goes by another.
func underAnotherName(cfg aws.Config, was, is string) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Renamed", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error,
		) {
			if name := reflect.ValueOf(in.Parameters).Elem().FieldByName("UserName"); name.IsValid() && !name.IsNil() {
				switch name.Elem().String() {
				case was:
					return middleware.InitializeOutput{}, middleware.Metadata{}, &types.NoSuchEntityException{}
				case is:
					name.Set(reflect.ValueOf(aws.String(was)))
				}
			}
			out, metadata, err := next.HandleInitialize(ctx, in)
			if used, ok := out.Result.(*iam.GetAccessKeyLastUsedOutput); ok && aws.ToString(used.UserName) == was {
				used.UserName = aws.String(is)
			}
			return out, metadata, err
		}), middleware.Before)
	})
	return cfg
}

// TestARenamedUserIsContainedAllTheSame: "nothing there under that name" would pass for done.
func TestARenamedUserIsContainedAllTheSame(t *testing.T) {
	world := sandbox.New(sandbox.Options{Seed: 1})
	key := world.AddUser("ci", "AdministratorAccess")
	id := world.UserID("ci")
	in := action.In[quarantineParams, quarantineState]{
		Target: quell.Entity{Kind: quell.KindUser, ID: id, Name: "ci", Account: world.Account()},
		Incident: quell.Incident{ID: "q-1", Entities: []quell.Entity{
			{Kind: quell.KindAccessKey, ID: "AKIASOMEBODYELSES001", Of: "AIDAOTHER"}, {Kind: quell.KindAccessKey, ID: key.AccessKeyID, Of: id},
		}},
	}
	cfg := underAnotherName(world.Admin("us-east-1"), "ci", "innocent")
	now, err := lookQuarantine(t.Context(), cfg, in)
	if err != nil || !now.Exists || now.Name != "innocent" || now.UserID != id || len(now.Keys) != 1 {
		t.Fatalf("%+v, %v", now, err)
	}
	in.Before = &now
	calls, err := planQuarantine(in, now)
	if err != nil || len(calls) != 3 {
		t.Fatalf("%+v, %v", calls, err)
	}
	for _, c := range calls {
		input := string(c.Input)
		if want := `"UserName":"innocent"`; !strings.Contains(input, want) || c.Undo != nil && !strings.Contains(string(c.Undo.Input), want) {
			t.Errorf("%s goes to %s, back by %+v", c.Op, input, c.Undo)
		}
	}
	// Without a key of the user there is nothing to find it by, and a user that is gone is contained.
	in.Incident.Entities = nil
	if now, err := lookQuarantine(t.Context(), cfg, in); err != nil || now.Exists {
		t.Errorf("%+v, %v", now, err)
	}
}
