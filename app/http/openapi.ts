import type { SwaggerTransform } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

/** `/api/openapi.json`: made from the routes themselves, with who may call each (`x-access`). */
export async function openApiRoutes(app: FastifyInstance): Promise<void> {
  app.get(
    '/api/openapi.json',
    { config: { access: 'public' }, schema: { summary: 'This document' } as object },
    async () => app.swagger(),
  );
}

/** Adds each route's declared access to its operation. */
export function withAccess(transform: SwaggerTransform): SwaggerTransform {
  return (input) => {
    const { schema, url } = transform(input);
    const access = input.route.config?.access;
    return { url, schema: { ...schema, 'x-access': access } };
  };
}
