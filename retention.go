package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"jol/models"
	"jol/models/protocols"
)

// retentionCommand erases what the country's period is over for. It prints counts only.
func retentionCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "retention", Short: "Erase records whose retention period is over", Args: cobra.NoArgs,
		Long: "Erase the records of clients to whom nothing happened for the country's period, and technical rows\nthat are past their use. Run it with --dry-run first and let a second person compare the counts\n(docs/retention.md). A backup made before still holds what was erased.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := openProduction(cmd.Context(), new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			rule, ok := models.RetentionOf(c.Country)
			if !ok {
				return errors.New("there is no retention rule for this country")
			}
			r, err := s.Retention(cmd.Context(), rule, dry)
			done := "erased"
			if dry {
				done = "to erase"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d years after the last entry (basis %s)\n", rule.Country, rule.Years, rule.Basis)
			fmt.Fprintf(cmd.OutOrStdout(), "client records %s: %d\nidempotency keys: %d\nended tokens: %d\nsettled conflicts: %d\nlines of change feeds: %d\n",
				done, r.Clients, r.Keys, r.Tokens, r.Settled, r.Changes)
			return err
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "count only")
	return cmd
}

// eraseCommand erases one client who asked for it.
func eraseCommand() *cobra.Command {
	var organisation string
	cmd := &cobra.Command{
		Use: "erase CODE", Short: "Erase one organisation's record of a client", Args: cobra.ExactArgs(1),
		Long: "Erase one organisation's record of a client, named by the code that the organisation uses. It cannot\nbe undone. Two people sign for it on paper before (docs/retention.md): the service sees the operator only.",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, s, err := openProduction(cmd.Context(), new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.EraseClient(cmd.Context(), models.OrganisationID(organisation), args[0]); err != nil {
				return explain(err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "erased 1 client record")
			return nil
		},
	}
	cmd.Flags().StringVar(&organisation, "organisation", "", "organisation id (required)")
	_ = cmd.MarkFlagRequired("organisation")
	return cmd
}
