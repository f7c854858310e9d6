package iam

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
)

const seededPassword = "Correct-Horse-7-Battery"

func makeLogin(t *testing.T, a actiontest.Account, user string) {
	t.Helper()
	sure[*iam.CreateLoginProfileOutput](t)(client(a).CreateLoginProfile(t.Context(),
		&iam.CreateLoginProfileInput{UserName: &user, Password: aws.String(seededPassword)}))
}

// makeDevice makes a virtual MFA device and enables it for the user.
func makeDevice(t *testing.T, a actiontest.Account, user, name string) string {
	t.Helper()
	out := sure[*iam.CreateVirtualMFADeviceOutput](t)(client(a).CreateVirtualMFADevice(t.Context(),
		&iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name}))
	serial := out.VirtualMFADevice.SerialNumber
	sure[*iam.EnableMFADeviceOutput](t)(client(a).EnableMFADevice(t.Context(), &iam.EnableMFADeviceInput{
		UserName: &user, SerialNumber: serial, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
	}))
	return aws.ToString(serial)
}

func devicesOf(t *testing.T, a actiontest.Account, user string) []types.MFADevice {
	t.Helper()
	return sure[*iam.ListMFADevicesOutput](t)(client(a).ListMFADevices(t.Context(), &iam.ListMFADevicesInput{UserName: &user})).MFADevices
}

func TestDisableConsole(t *testing.T) {
	long := quell.Incident{Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)} // everything is the intruder's
	noLogin := func(t *testing.T, a actiontest.Account, target quell.Entity) {
		_, err := client(a).GetLoginProfile(t.Context(), &iam.GetLoginProfileInput{UserName: &target.Name})
		if !missing(err) {
			t.Errorf("the login profile is still there: %v", err)
		}
	}
	for _, c := range []actiontest.Case{
		{
			Name: "the person's own password", Check: func(t *testing.T, a actiontest.Account, target quell.Entity) {
				noLogin(t, a, target)
				if got := devicesOf(t, a, "alice"); len(got) != 2 {
					t.Errorf("devices were taken though nobody knows since when: %d left", len(got))
				}
			},
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeUser(t, a, "alice")
				makeLogin(t, a, "alice")
				makeDevice(t, a, "alice", "phone")
				makeDevice(t, a, "alice", "laptop")
				return target
			},
		},
		{
			Name: "the intruder's password and device, a false alarm", Incident: long, Dismissed: true,
			Check: func(t *testing.T, a actiontest.Account, target quell.Entity) {
				noLogin(t, a, target)
				if got := devicesOf(t, a, "alice"); len(got) != 0 {
					t.Errorf("%d devices enabled since the incident are still on", len(got))
				}
			},
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeUser(t, a, "alice")
				makeLogin(t, a, "alice")
				makeDevice(t, a, "alice", "burner")
				return target
			},
		},
	} {
		c.Action, c.Secrets = DisableConsole, []string{seededPassword}
		contract(t, c)
	}
}

func TestConsoleByDates(t *testing.T) {
	a := inSandbox(t)
	target := makeUser(t, a, "alice")
	makeLogin(t, a, "alice")
	old := makeDevice(t, a, "alice", "phone")
	sleep(t, a, time.Hour)
	since := a.Clock.Now()
	late := makeDevice(t, a, "alice", "burner")

	b := newBench(a, DisableConsole, target, quell.Incident{Since: since})
	out := b.plan(t)
	if diff := cmp.Diff([]string{"iam:DeleteLoginProfile", "iam:DeactivateMFADevice"}, opsOf(out.Calls)); diff != "" {
		t.Fatal(diff)
	}
	if out.Calls[0].Kind != quell.Reversible {
		t.Errorf("an old password must come back at undo; the call is %s", out.Calls[0].Kind)
	}
	if c := out.Calls[1]; c.Kind != quell.Kept || !strings.Contains(string(c.Input), late) || c.Undo != nil {
		t.Errorf("the late device: %s %s, undo %v", c.Kind, c.Input, c.Undo)
	}
	if said := strings.Join(out.Breaks, "\n"); !strings.Contains(said, late) || strings.Contains(said, old) || !strings.Contains(said, "lost for good") {
		t.Errorf("what breaks must name the late device, not the old one, and the lost password:\n%s", said)
	}
	if out := b.apply(t); !out.Settled {
		t.Errorf("not settled: %v", opsOf(out.Calls))
	}

	// The intruder sets a new password: it goes, and undo does not bring back what was not there at first.
	second := newBench(a, DisableConsole, target, quell.Incident{Since: since})
	second.plan(t)
	makeLogin(t, a, "alice")
	out = second.plan(t)
	if len(out.Calls) != 1 || out.Calls[0].Kind != quell.Kept || out.Calls[0].Undo != nil {
		t.Errorf("a password made after the first look: %+v", out.Calls)
	}
}

// A password from the intruder's time stays away at undo, and comes back after a false alarm alone.
func TestIntrudersPasswordIsKeptAway(t *testing.T) {
	a := inSandbox(t)
	target := makeUser(t, a, "alice")
	makeLogin(t, a, "alice")
	out := newBench(a, DisableConsole, target, quell.Incident{Since: a.Clock.Now().Add(-time.Hour)}).plan(t)
	if len(out.Calls) != 1 || out.Calls[0].Kind != quell.Kept || out.Calls[0].Undo == nil {
		t.Fatalf("want one kept call with an inverse: %+v", out.Calls)
	}
	if got := string(out.Calls[0].Undo.Input); !strings.Contains(got, call.FillSecret) || !strings.Contains(got, `"PasswordResetRequired":true`) {
		t.Errorf("the inverse must make a new secret, to be changed: %s", got)
	}
}
