package store

import "context"

// CancelTransfersOf is what the withdrawal of a consent calls.
func (s *Session) CancelTransfersOf(ctx context.Context, consent string) (ids []string, err error) {
	err = s.write(ctx, "consent.withdraw", func(t *tx) error {
		t.audit(consent)
		ids, err = t.cancelTransfersOf(consent)
		return err
	})
	return ids, err
}
