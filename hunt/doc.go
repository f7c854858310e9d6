// Package hunt wires sources to the detection engine: logs or a live account's event history become findings, findings
// become incidents with the playbook that answers them.
//
// What comes in: rules, paths or an account. What goes out: a Result, whose JSON is a promise to scripts. What is promised:
// the same logs give the same result, whatever the order of files; what could not be read is named; nothing in an
// account is changed. Read package detect for how rules are judged.
package hunt
