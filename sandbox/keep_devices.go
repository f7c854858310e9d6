package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// device is a virtual MFA device; owner is nil until it is enabled.
type device struct {
	serial  string
	owner   *user
	enabled time.Time
}

func registerDevices(r registry) {
	mfa := func(c *call, serial string) target {
		return target{arn: serial, kind: "AWS::IAM::MFADevice", name: serial}
	}
	writes(r, "IAM.CreateVirtualMFADevice", (*call).createDevice, at(func(c *call, in *iam.CreateVirtualMFADeviceInput) target {
		return mfa(c, c.account.deviceSerial(in.Path, in.VirtualMFADeviceName))
	}), recorded(func(out *iam.CreateVirtualMFADeviceOutput) any {
		// The seed is a secret.
		return map[string]any{"virtualMFADevice": map[string]any{"serialNumber": aws.ToString(out.VirtualMFADevice.SerialNumber)}}
	}))
	writes(r, "IAM.DeleteVirtualMFADevice", (*call).deleteDevice, at(func(c *call, in *iam.DeleteVirtualMFADeviceInput) target {
		return mfa(c, aws.ToString(in.SerialNumber))
	}))
	writes(r, "IAM.EnableMFADevice", (*call).enableDevice, hiding("AuthenticationCode1", "AuthenticationCode2"))
	writes(r, "IAM.DeactivateMFADevice", (*call).deactivateDevice)
	reads(r, "IAM.ListMFADevices", (*call).listDevices)
	reads(r, "IAM.ListVirtualMFADevices", (*call).listVirtualDevices)
}

func (a *account) deviceSerial(path, name *string) string {
	p := aws.ToString(path)
	if p == "" {
		p = "/"
	}
	return "arn:aws:iam::" + a.id + ":mfa" + p + aws.ToString(name)
}

func (u *user) device(serial string) *device {
	if u == nil {
		return nil
	}
	for _, d := range u.devices {
		if d.serial == serial {
			return d
		}
	}
	return nil
}

func (c *call) createDevice(in *iam.CreateVirtualMFADeviceInput) (*iam.CreateVirtualMFADeviceOutput, error) {
	serial := c.account.deviceSerial(in.Path, in.VirtualMFADeviceName)
	if c.account.devices[serial] != nil {
		return nil, alreadyExists("MFADevice entity at the same path and name already exists.")
	}
	c.account.devices[serial] = &device{serial: serial}
	return &iam.CreateVirtualMFADeviceOutput{VirtualMFADevice: &iamtypes.VirtualMFADevice{
		SerialNumber: aws.String(serial), Base32StringSeed: []byte(letters(c.w.ids, base32Digits, 64)),
	}}, nil
}

func (c *call) deleteDevice(in *iam.DeleteVirtualMFADeviceInput) (*iam.DeleteVirtualMFADeviceOutput, error) {
	d := c.account.devices[aws.ToString(in.SerialNumber)]
	switch {
	case d == nil:
		return nil, noSuchEntity("VirtualMFADevice with serial number %s doesn't exist.", aws.ToString(in.SerialNumber))
	case d.owner != nil:
		return nil, deleteConflict("VirtualMFADevice is still associated with a user; deactivate it first.")
	}
	delete(c.account.devices, d.serial)
	return nil, nil
}

func (c *call) enableDevice(in *iam.EnableMFADeviceInput) (*iam.EnableMFADeviceOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	d := c.account.devices[aws.ToString(in.SerialNumber)]
	switch {
	case d == nil:
		return nil, noSuchEntity("VirtualMFADevice with serial number %s does not exist.", aws.ToString(in.SerialNumber))
	case d.owner != nil:
		return nil, alreadyExists("MFA Device is already in use.")
	case len(u.devices) >= 8:
		return nil, limitExceeded("Cannot exceed quota for MFADevicesPerUser: 8")
	}
	d.owner, d.enabled = u, c.now
	u.devices = append(u.devices, d)
	return nil, nil
}

func (c *call) deactivateDevice(in *iam.DeactivateMFADeviceInput) (*iam.DeactivateMFADeviceOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	d := u.device(aws.ToString(in.SerialNumber))
	if d == nil {
		return nil, noSuchEntity("MFA Device invalid for user.")
	}
	d.owner = nil
	u.devices = slices.DeleteFunc(slices.Clone(u.devices), func(other *device) bool { return other == d })
	return nil, nil
}

func (c *call) listDevices(in *iam.ListMFADevicesInput) (*iam.ListMFADevicesOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	shown, next, err := iamPage(slices.Clone(u.devices), func(d *device) string { return d.serial }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListMFADevicesOutput{Marker: next, IsTruncated: next != nil, MFADevices: []iamtypes.MFADevice{}}
	for _, d := range shown {
		out.MFADevices = append(out.MFADevices, iamtypes.MFADevice{
			SerialNumber: aws.String(d.serial), UserName: aws.String(u.name), EnableDate: aws.Time(d.enabled),
		})
	}
	return out, nil
}

func (c *call) listVirtualDevices(in *iam.ListVirtualMFADevicesInput) (*iam.ListVirtualMFADevicesOutput, error) {
	all := slices.DeleteFunc(values(c.account.devices), func(d *device) bool {
		assigned := d.owner != nil
		return (in.AssignmentStatus == iamtypes.AssignmentStatusTypeAssigned && !assigned) ||
			(in.AssignmentStatus == iamtypes.AssignmentStatusTypeUnassigned && assigned)
	})
	shown, next, err := iamPage(all, func(d *device) string { return d.serial }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListVirtualMFADevicesOutput{Marker: next, IsTruncated: next != nil, VirtualMFADevices: []iamtypes.VirtualMFADevice{}}
	for _, d := range shown {
		one := iamtypes.VirtualMFADevice{SerialNumber: aws.String(d.serial)}
		if d.owner != nil {
			one.User, one.EnableDate = d.owner.show(), aws.Time(d.enabled)
		}
		out.VirtualMFADevices = append(out.VirtualMFADevices, one)
	}
	return out, nil
}

// login is a console password, of which only the existence matters here.
type login struct {
	created, used time.Time
	reset         bool
}

func registerLogins(r registry) {
	hide := hiding("Password")
	writes(r, "IAM.CreateLoginProfile", (*call).createLogin, hide)
	writes(r, "IAM.UpdateLoginProfile", (*call).updateLogin, hide)
	reads(r, "IAM.GetLoginProfile", (*call).getLogin)
	writes(r, "IAM.DeleteLoginProfile", (*call).deleteLogin)
}

func (u *user) showLogin() *iamtypes.LoginProfile {
	return &iamtypes.LoginProfile{
		UserName: aws.String(u.name), CreateDate: aws.Time(u.login.created), PasswordResetRequired: u.login.reset,
	}
}

func (c *call) loginOf(name *string) (*user, error) {
	u, err := c.user(name)
	if err == nil && u.login == nil {
		return nil, noSuchEntity("Login Profile for User %s cannot be found.", u.name)
	}
	return u, err
}

func (c *call) createLogin(in *iam.CreateLoginProfileInput) (*iam.CreateLoginProfileOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if u.login != nil {
		return nil, alreadyExists("Login Profile for user %s already exists.", u.name)
	}
	if err := checkPassword(in.Password); err != nil {
		return nil, err
	}
	u.login = &login{created: c.now, reset: in.PasswordResetRequired}
	return &iam.CreateLoginProfileOutput{LoginProfile: u.showLogin()}, nil
}

// checkPassword applies the default password policy: eight characters of three classes.
func checkPassword(password *string) error {
	p := aws.ToString(password)
	classes := 0
	for _, set := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "!@#$%^&*()_+-=[]{}|'"} {
		if strings.ContainsAny(p, set) {
			classes++
		}
	}
	if len(p) < 8 || classes < 3 {
		return &iamtypes.PasswordPolicyViolationException{Message: aws.String("Password does not conform to the account password policy.")}
	}
	return nil
}

func (c *call) updateLogin(in *iam.UpdateLoginProfileInput) (*iam.UpdateLoginProfileOutput, error) {
	u, err := c.loginOf(in.UserName)
	if err != nil {
		return nil, err
	}
	if in.Password != nil {
		if err := checkPassword(in.Password); err != nil {
			return nil, err
		}
	}
	if in.PasswordResetRequired != nil {
		u.login.reset = *in.PasswordResetRequired
	}
	return nil, nil
}

func (c *call) getLogin(in *iam.GetLoginProfileInput) (*iam.GetLoginProfileOutput, error) {
	u, err := c.loginOf(in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.GetLoginProfileOutput{LoginProfile: u.showLogin()}, nil
}

func (c *call) deleteLogin(in *iam.DeleteLoginProfileInput) (*iam.DeleteLoginProfileOutput, error) {
	u, err := c.loginOf(in.UserName)
	if err != nil {
		return nil, err
	}
	u.login = nil
	return nil, nil
}
