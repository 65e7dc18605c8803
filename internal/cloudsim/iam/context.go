package iam

import "context"

type contextKey struct{}

// With returns a context that carries the registry, for services that don't know the cloud they are part of.
func With(ctx context.Context, g *Registry) context.Context {
	return context.WithValue(ctx, contextKey{}, g)
}

// From returns the registry of the request's cloud, nil if there is none.
func From(ctx context.Context) *Registry {
	g, _ := ctx.Value(contextKey{}).(*Registry)
	return g
}
