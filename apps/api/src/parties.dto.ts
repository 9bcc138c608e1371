import { ORGANISATION_KINDS, type OrganisationKind, ROLES, type Role } from '#persistence';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsISO31661Alpha2,
  IsLatitude,
  IsLongitude,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { PageQuery } from './fields.dto.js';

export class OrganisationsQuery extends PageQuery {
  @IsOptional() @IsIn(ORGANISATION_KINDS) kind?: OrganisationKind;
  @IsOptional() @IsISO31661Alpha2() country?: string;
  /** Part of the name, in upper or lower case. */
  @IsOptional() @IsString() @Length(1, 200) name?: string;
}

export class SitesQuery extends PageQuery {
  @IsOptional() @IsUUID() cohortId?: string;
  @IsOptional() @IsUUID() organisationId?: string;
  @IsOptional() @IsString() @MaxLength(60) category?: string;
  @IsOptional() @IsISO31661Alpha2() country?: string;
  /** Part of the name, in upper or lower case. */
  @IsOptional() @IsString() @Length(1, 200) name?: string;
}

export class NewOrganisationDto {
  @Length(1, 200) name: string;
  @IsIn(ORGANISATION_KINDS) kind: OrganisationKind;
  @IsISO31661Alpha2() country: string;
}

/** What is left out stays as it is. */
export class OrganisationPatchDto {
  @ValidateIf((dto: OrganisationPatchDto) => dto.name !== undefined) @Length(1, 200) name?: string;
  @ValidateIf((dto: OrganisationPatchDto) => dto.country !== undefined) @IsISO31661Alpha2() country?: string;
}

export class NewSiteDto {
  @IsUUID() organisationId: string;
  @Length(1, 200) name: string;
  @IsOptional() @MaxLength(200) city?: string;
  @IsISO31661Alpha2() country: string;
  @IsOptional() @IsLatitude() lat?: number;
  @IsOptional() @IsLongitude() lon?: number;
  @IsOptional() @IsArray() @ArrayMaxSize(20) @Length(1, 60, { each: true }) categories?: string[];
  @IsOptional() @IsArray() @ArrayMaxSize(10) @Length(2, 10, { each: true }) languages?: string[];
}

/** What is left out stays as it is. Null takes the coordinates away. */
export class SitePatchDto {
  @ValidateIf((dto: SitePatchDto) => dto.name !== undefined) @Length(1, 200) name?: string;
  @ValidateIf((dto: SitePatchDto) => dto.city !== undefined) @IsString() @MaxLength(200) city?: string;
  @ValidateIf((dto: SitePatchDto) => dto.country !== undefined) @IsISO31661Alpha2() country?: string;
  @IsOptional() @IsLatitude() lat?: number | null;
  @IsOptional() @IsLongitude() lon?: number | null;
  @ValidateIf((dto: SitePatchDto) => dto.categories !== undefined)
  @IsArray()
  @ArrayMaxSize(20)
  @Length(1, 60, { each: true })
  categories?: string[];
  @ValidateIf((dto: SitePatchDto) => dto.languages !== undefined)
  @IsArray()
  @ArrayMaxSize(10)
  @Length(2, 10, { each: true })
  languages?: string[];
}

/** Somebody the organisation knows. */
export class NewMemberDto {
  @IsUUID() userId: string;
  @IsIn(ROLES) role: Role;
}

export class MemberPatchDto {
  @IsIn(ROLES) role: Role;
}
