package handlers

import (
	"net/http"

	"jol/models/store"
)

// ChangedView is one line of the change feed: read the record again, or delete your copy.
type ChangedView struct {
	Kind string  `json:"kind"` // referral, episode, client, …, or gone
	Was  *string `json:"was"`  // the kind of what is gone
	ID   string  `json:"id"`   // as in the record's address: a client's is its code
}

func changedView(ch store.Change) ChangedView {
	return ChangedView{Kind: ch.Kind, Was: optional(ch.Was), ID: ch.ID}
}

// feedStart is what a client asks with that has no cursor yet; no cursor is so short.
const feedStart = "0"

// ListChanges gives what changed for the caller's organisation since a cursor.
//
//	@Summary		What changed
//	@Description	Oldest first, every record once. page.next is always there: ask with it until items is empty, and keep it for the next time. Without a cursor, or with 0, it starts at the beginning.
//	@Tags			sync
//	@Security		bearer
//	@Produce		json
//	@Param			since	query		string	false	"page.next of the last answer"
//	@Param			limit	query		int		false	"page size, 1 to 200"
//	@Success		200		{object}	Page[ChangedView]
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/changes [get]
func ListChanges(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	if since := c.Query.Get("since"); since != feedStart {
		paging.Cursor = since
	}
	page, err := c.Store.ListChanges(c.Context, paging)
	if err != nil {
		return err
	}
	out := Page[ChangedView]{Items: make([]ChangedView, len(page.Items)), Page: PageInfo{Next: page.Next}}
	for i, item := range page.Items {
		out.Items[i] = changedView(item)
	}
	return c.JSON(http.StatusOK, out)
}
