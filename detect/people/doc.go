// Package people holds what only a user can say about who belongs in an account: the organisation's accounts, its emergency
// access, its leavers, the networks it trusts.
//
// What comes in: entries of flags and the text of files (ReadAccounts, ReadLeavers, ReadPrincipals, ReadNetworks). What goes
// out: Lists, and through Lists.Placeholders and Leaver.Placeholders the values that rules ask for by name, as in
// `field|expand: '%own_accounts%'`. What is promised: an entry that cannot be meant is refused with file, line and reason,
// never left out; names are matched whole and without regard to case, and text in a list never acts as a pattern unless
// the list is one of patterns.
//
// An empty list gives no values, which makes the rules that need it blind (detect.Optional); package hunt says so. Read
// fill_values.go next, then package detect for what rules do with the values.
package people
