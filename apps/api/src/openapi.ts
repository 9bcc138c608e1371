import { loadConfig } from '#platform';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { createApi } from './create-api.js';
import { type Answers, describeAnswers, operationsOf } from './http/openapi.js';

/**
 * The OpenAPI 3.1 document of this build. Connects to nothing.
 * @param answersOf tells what operations answer; known only to the compiler
 */
export async function openApiDocument(
  answersOf: (operationIds: readonly string[]) => Answers,
): Promise<OpenAPIObject> {
  const app = await createApi(
    {
      ...loadConfig({ UPLIFT_SECRET: 'x'.repeat(32), DATABASE_URL: 'postgres://none:none@127.0.0.1:1/none' }),
      port: 3000,
    },
    true,
  );
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setTitle('Uplift')
      .setDescription('Checklist-based assessments, gains, site visits, buyer readiness and certificates.')
      .setVersion('1')
      .setOpenAPIVersion('3.1.0')
      .addBearerAuth()
      .build(),
  );
  return describeAnswers(document, answersOf(operationsOf(document).map(({ operationId }) => operationId)));
}
