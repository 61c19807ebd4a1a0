package handlers

type episodeEditionRequest struct {
	Edition string `json:"edition" validate:"required" maxLength:"64"` // an edition of its protocol that is or was in force
}

// MoveEpisode lets an open episode follow another edition of its protocol. A publication
// never does that by itself.
//
//	@Summary	Move an episode to another edition
//	@Tags		episodes
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"episode id"
//	@Param		body	body		episodeEditionRequest	true	"an edition that is or was in force and is not withdrawn"
//	@Success	200		{object}	EpisodeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/episodes/{id}/edition [post]
func MoveEpisode(c *Call) error {
	in, err := bind[episodeEditionRequest](&c.Exchange)
	if err != nil {
		return err
	}
	e, err := c.Store.MoveEpisode(c.Context, c.Param("id"), in.Edition)
	if err != nil {
		return err
	}
	return c.Versioned(e.Version, episodeView(*e))
}
