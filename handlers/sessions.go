package handlers

import (
	"net/http"
	"strings"
	"time"

	"jol/models"
)

type signInRequest struct {
	Username string `json:"username" validate:"required" maxLength:"64"`                    // name of the account
	Password string `json:"password" validate:"required" format:"password" maxLength:"200"` // its password
}

// TokenView is a fresh bearer token. It is shown once.
type TokenView struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// CreateToken signs a user in.
//
//	@Summary	Sign in
//	@Tags		session
//	@Accept		json
//	@Produce	json
//	@Param		body	body		signInRequest	true	"credentials"
//	@Success	201		{object}	TokenView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/tokens [post]
func CreateToken(c *PublicCall) error {
	in, err := bind[signInRequest](&c.Exchange)
	if err != nil {
		return err
	}
	var long models.Checks // not worth hashing or remembering
	long.Require(len(in.Username) <= 64, "/username", "token.credentials_too_long")
	long.Require(len(in.Password) <= 200, "/password", "token.credentials_too_long")
	if err := long.Err(); err != nil {
		return err
	}
	t, err := c.Accounts.SignIn(c.Context, in.Username, in.Password, c.Client)
	if err != nil {
		return err
	}
	c.Reply.Set("Cache-Control", "no-store")
	return c.JSON(http.StatusCreated, TokenView{Token: t.Token, ExpiresAt: t.ExpiresAt})
}

// RevokeToken ends the caller's own token at once.
//
//	@Summary	Sign out
//	@Tags		session
//	@Security	bearer
//	@Success	204
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/tokens/current [delete]
func RevokeToken(c *Call) error {
	_, token, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if err := c.Store.RevokeToken(c.Context, token); err != nil {
		return err
	}
	return c.NoContent()
}

// MeView says who the caller is and for whom they act.
type MeView struct {
	ID           models.UserID     `json:"id" swaggertype:"string"`
	Username     string            `json:"username"`
	Role         models.Role       `json:"role"`
	Organisation OrganisationBrief `json:"organisation"`
}

// OrganisationBrief is an organisation in the few words other resources need.
type OrganisationBrief struct {
	ID     models.OrganisationID   `json:"id"`
	Kind   models.OrganisationKind `json:"kind"`
	Name   string                  `json:"name"`
	Region string                  `json:"region"`
}

// GetMe returns the caller.
//
//	@Summary	Who am I
//	@Tags		session
//	@Security	bearer
//	@Produce	json
//	@Success	200		{object}	MeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/me [get]
func GetMe(c *Call) error {
	a := c.Actor
	return c.JSON(http.StatusOK, MeView{
		ID: a.UserID, Username: a.Username, Role: a.Role,
		Organisation: OrganisationBrief{ID: a.OrganisationID, Kind: a.OrganisationKind, Name: a.OrganisationName, Region: a.Region},
	})
}

// ProblemView is the RFC 9457 problem document of every error.
type ProblemView struct {
	Type     string              `json:"type"`
	Title    string              `json:"title"`
	Status   int                 `json:"status"`
	Code     string              `json:"code"`
	Detail   string              `json:"detail"`
	Instance string              `json:"instance"`
	Errors   []models.FieldError `json:"errors"`
}
