package handlers

import "jol/models"

// UserView is an account as an administrator sees it.
type UserView struct {
	ID           models.UserID         `json:"id" cat:"user" swaggertype:"string"`
	Username     string                `json:"username" cat:"user"`
	Role         models.Role           `json:"role" cat:"user"`
	Organisation models.OrganisationID `json:"organisation" cat:"user"`
	Active       bool                  `json:"active" cat:"user"`
	Version      int64                 `json:"version" cat:"user"`
}

func userView(u models.User) UserView {
	return UserView{ID: u.ID, Username: u.Username, Role: u.Role, Organisation: u.OrganisationID, Active: u.Active, Version: u.Version}
}

// ListUsers lists the accounts of the deployment.
//
//	@Summary	Accounts
//	@Tags		users
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[UserView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/users [get]
func ListUsers(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListUsers(c.Context, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, userView)
}

// ColleagueView is what colleagues see of an account: enough to hand a task on.
type ColleagueView struct {
	ID       models.UserID `json:"id" cat:"organisation" swaggertype:"string"`
	Username string        `json:"username" cat:"organisation"`
	Role     models.Role   `json:"role" cat:"organisation"`
}

func colleagueView(u models.User) ColleagueView {
	return ColleagueView{ID: u.ID, Username: u.Username, Role: u.Role}
}

// ListColleagues lists the active accounts of the caller's own organisation.
//
//	@Summary		Colleagues
//	@Description	Whom a task can be given to, or a pass applied for: the active accounts of the caller's own organisation, the caller among them.
//	@Tags			users
//	@Security		bearer
//	@Produce		json
//	@Param			limit	query		int		false	"page size, 1 to 200"
//	@Param			cursor	query		string	false	"cursor of the page before"
//	@Success		200		{object}	Page[ColleagueView]
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/colleagues [get]
func ListColleagues(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListColleagues(c.Context, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, colleagueView)
}

type userRequest struct {
	Username     string                `json:"username" validate:"required" minLength:"3" maxLength:"40"`                     // a-z, 0-9, dot, underscore, hyphen; names nobody
	Password     string                `json:"password" validate:"required" format:"password" minLength:"12" maxLength:"200"` // first password
	Role         models.Role           `json:"role" validate:"required"`                                                      // one that the kind of organisation has
	Organisation models.OrganisationID `json:"organisation" validate:"required"`                                              // whom the account acts for
}

// CreateUser adds an account.
//
//	@Summary	Add an account
//	@Tags		users
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		userRequest	true	"account"
//	@Success	201		{object}	UserView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/users [post]
func CreateUser(c *Call) error {
	in, err := bind[userRequest](&c.Exchange)
	if err != nil {
		return err
	}
	u, out, err := c.Store.CreateUser(c.Context, models.NewUser{
		Username: in.Username, Password: in.Password, Role: in.Role, OrganisationID: in.Organisation,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/users/"+string(u.ID), u.Version, userView(*u))
}

type userChangeRequest struct {
	Role     *models.Role `json:"role"`                                                      // new role, one that the kind of organisation has
	Active   *bool        `json:"active"`                                                    // false blocks the account
	Password *string      `json:"password" format:"password" minLength:"12" maxLength:"200"` // new password; ends the tokens
}

// ChangeUser changes role, activity or password, from the account's next call on; a new
// password or a block ends its tokens.
//
//	@Summary	Change an account
//	@Tags		users
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"user id"
//	@Param		body	body		userChangeRequest	true	"what changes"
//	@Success	200		{object}	UserView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/users/{id} [patch]
func ChangeUser(c *Call) error {
	in, err := bind[userChangeRequest](&c.Exchange)
	if err != nil {
		return err
	}
	u, err := c.Store.ChangeUser(c.Context, c.Param("id"), models.UserChange{Role: in.Role, Active: in.Active, Password: in.Password})
	if err != nil {
		return err
	}
	return c.Versioned(u.Version, userView(*u))
}
