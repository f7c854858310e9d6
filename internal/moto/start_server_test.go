package moto

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestStart(t *testing.T) {
	s := Start(t)
	who, err := sts.NewFromConfig(s.Config("eu-west-1")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(who.Account) != s.Account {
		t.Fatalf("account %q: %v", aws.ToString(who.Account), err)
	}
	client := iam.NewFromConfig(s.Config("us-east-1"))
	makeUser(t, client)
	if again := Start(t); again.URL != s.URL {
		t.Errorf("a second process at %s beside %s", again.URL, s.URL)
	}
	makeUser(t, client) // the account is empty again, or this fails
}

// makeUser fails where the user is still there.
func makeUser(t *testing.T, client *iam.Client) {
	t.Helper()
	_, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("ann")})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMissing(t *testing.T) {
	t.Setenv(Environment, "/nowhere/moto_server")
	if path, err := find(); err == nil {
		t.Errorf("found %s", path)
	}
}
