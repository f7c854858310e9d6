package sandbox

// UserID is the stable id (AIDA...) of a user of the account, "" where there is none.
func (w *World) UserID(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.home.users[name]
	if !ok {
		return ""
	}
	return u.id
}
